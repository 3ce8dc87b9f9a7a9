// The resources ospreyd serves until it is given something to do: one of each kind that a newcomer
// wants to try.
#pragma once

#include "apps/launch/server.h"

namespace osprey {

//   hello                      GET                a greeting with the name of the client's context
//   echo                       POST, FETCH        the body back, with its Content-Format
//   time                       GET                seconds since 1970
//   sensors/{id}/temperature   GET, PUT, DELETE   a small store of readings
//   large                      GET                10,000 bytes, block by block
void add_demo_resources(Server& server);

}  // namespace osprey
