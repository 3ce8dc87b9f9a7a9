// Stage handle: what the application, or the server in its place, answers.
#pragma once

#include "framework/oscore/echo.h"
#include "framework/pipeline/packet.h"
#include "framework/server/router.h"

namespace osprey::pipeline {

// Runs the handlers. In: packets whose request is in `inner` (under OSCORE) or in `outer` (plain).
// Each gets a response; the verdict becomes kServed, kServedPlain, or kUnknownCriticalOption.
void handle(Packets in, const Router& router, TimeNs now);

// Writes the protected refusals: the Echo challenge of B.1.2 (no payload, nothing but Echo), and
// 4.00 for an inner message that does not parse. Verdicts stay.
void refuse(Packets in, oscore::EchoMaker& echo, TimeNs now);

}  // namespace osprey::pipeline
