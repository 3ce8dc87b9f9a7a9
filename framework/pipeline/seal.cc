#include "framework/pipeline/seal.h"

#include "framework/oscore/protect.h"
#include "framework/pipeline/reply_header.h"

namespace osprey::pipeline {

void seal(Packets in, oscore::AeadEngine& engine, oscore::SequenceSource& source,
          uint16_t message_id_offset) {
  std::array<oscore::Sealing, kBatchMax> sealings;
  std::array<oscore::AeadJob, kBatchMax> jobs;
  size_t num_jobs = 0;
  CHECK(in.size() <= kBatchMax);
  for (Packet* packet : in) {
    oscore::Sealing& sealing = sealings[num_jobs];
    coap::Message message = packet->response->message();
    set_reply_header(message, packet->outer, message_id_offset);
    const Verdict begun =
        begin_protect_response(*packet->context, source, packet->identity, message,
                               {packet->data, packet->capacity}, sealing);
    if (begun != Verdict::kOk) {
      packet->verdict = begun;
      continue;
    }
    packet->len = sealing.datagram_len;
    packet->has_reply = true;
    jobs[num_jobs++] = sealing.job;
  }
  engine.seal(std::span(jobs).first(num_jobs));
}

}  // namespace osprey::pipeline
