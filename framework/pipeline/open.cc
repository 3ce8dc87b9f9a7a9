#include "framework/pipeline/open.h"

#include <cstring>

namespace osprey::pipeline {
namespace {

using oscore::AeadEngine;
using oscore::AeadJob;
using oscore::EchoMaker;
using oscore::Opening;

Verdict begin(const Packet& packet, Opening& opening) {
  return begin_unprotect_request(*packet.context, packet.option, packet.ciphertext(), opening);
}

Verdict finish(Packet& packet, const Opening& opening, EchoMaker& echo, TimeNs now) {
  return finish_unprotect_request(*packet.context, packet.option, opening, echo, now, packet.inner,
                                  packet.identity);
}

// The usual case: one candidate each, one AEAD call for the whole batch.
void open_batch(Packets in, AeadEngine& engine, EchoMaker& echo, TimeNs now) {
  std::array<Opening, kBatchMax> openings;
  std::array<AeadJob, kBatchMax> jobs;
  size_t next = 0;
  const Packets begun = keep(in, [&](Packet& packet) {  // steps 3 to 5
    const Verdict verdict = begin(packet, openings[next]);
    if (verdict == Verdict::kOk) ++next;
    return verdict;
  });
  for (size_t i = 0; i < begun.size(); ++i) jobs[i] = openings[i].job;
  engine.open(std::span(jobs).first(begun.size()));  // step 6
  for (size_t i = 0; i < begun.size(); ++i) {        // steps 6 and 7, in order of arrival
    openings[i].job.ok = jobs[i].ok;
    begun[i]->verdict = finish(*begun[i], openings[i], echo, now);
  }
}

// Several contexts have these IDs: tries each on a copy of the ciphertext, since opening destroys
// it (§3.3). All have one owner, this worker; but if all that steer could find were removed since,
// one that was added may have another, and is not this worker's to touch.
Verdict open_among_candidates(Packet& packet, const oscore::ContextTable& table, AeadEngine& engine,
                              EchoMaker& echo, TimeNs now) {
  const MutableBytes ciphertext = packet.ciphertext();
  std::array<uint8_t, kMaxDatagram> saved;
  if (ciphertext.size() > saved.size()) return Verdict::kBadTag;
  std::memcpy(saved.data(), ciphertext.data(), ciphertext.size());
  const oscore::WorkerIndex owner = packet.context->owner();
  bool seen_before = false;
  for (size_t nth = 0; nth < kMaxContextCandidates; ++nth) {
    oscore::SecurityContext* candidate = table.find(packet.option, nth);
    if (candidate == nullptr) break;
    if (candidate->claim(owner) != owner) continue;
    packet.context = candidate;
    std::memcpy(ciphertext.data(), saved.data(), ciphertext.size());
    Opening opening;
    const Verdict begun = begin(packet, opening);
    if (begun == Verdict::kReplay) seen_before = true;  // unless another candidate opens it
    if (begun != Verdict::kOk) continue;
    engine.open(std::span(&opening.job, 1));
    const Verdict verdict = finish(packet, opening, echo, now);
    if (verdict != Verdict::kBadTag) return verdict;
  }
  return seen_before ? Verdict::kReplay : Verdict::kBadTag;
}

}  // namespace

Opened open(Packets in, const oscore::ContextTable& table, AeadEngine& engine, EchoMaker& echo,
            TimeNs now) {
  const Packets alone =
      partition(in, [](const Packet& packet) { return !packet.context->shares_ids(); });
  open_batch(alone, engine, echo, now);
  for (Packet* packet : in.subspan(alone.size())) {
    packet->verdict = open_among_candidates(*packet, table, engine, echo, now);
  }
  const Packets fresh =
      partition(in, [](const Packet& packet) { return packet.verdict == Verdict::kOk; });
  const Packets refused = partition(in.subspan(fresh.size()), [](const Packet& packet) {
    return packet.verdict == Verdict::kChallenged || packet.verdict == Verdict::kInnerFormat;
  });
  return {fresh, refused};
}

}  // namespace osprey::pipeline
