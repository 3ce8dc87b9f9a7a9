#include "framework/pipeline/line.h"

#include "framework/base/crash_point.h"
#include "framework/pipeline/answer.h"
#include "framework/pipeline/handle.h"
#include "framework/pipeline/open.h"
#include "framework/pipeline/parse.h"
#include "framework/pipeline/seal.h"

namespace osprey::pipeline {

void Line::serve(Packets batch, TimeNs now) {
  const LineParts& with = parts_;
  const Parsed parsed = parse(batch);  // RFC 7252 §3, RFC 8613 §6.1
  const Packets mine = steer(parsed.with_oscore, *with.contexts, with.place, *with.handoff);
  const Opened opened = open(mine, *with.contexts, *with.engine, *with.echo, now);  // RFC 8613 §8.2
  handle(opened.fresh, *with.router, now);                                          // application
  handle(parsed.plain, *with.router, now);
  refuse(opened.refused, *with.echo, now);  // RFC 8613 B.1.2
  CRASH_POINT(kRequestDelivered);
  seal(opened.authentic(), *with.engine, *with.sequence_source, with.message_id_offset);  // §8.3
  CRASH_POINT(kResponseSealed);
  answer(batch, with.message_id_offset);
  for (const Packet* packet : batch) count(packet->verdict);
}

}  // namespace osprey::pipeline
