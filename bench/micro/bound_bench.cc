// What no line on ipsec-mb can beat: the library alone, one burst that opens and one that seals, of
// messages as OSCORE makes them. No keys to find, no tags to compare, everything in the caches.
//
//   bound/ccm/BURST   AES-CCM-16-64-128
//   bound/gcm/BURST   A128GCM, one call for each message
#include <array>
#include <vector>

#include <benchmark/benchmark.h>
#include <intel-ipsec-mb.h>

#include "framework/base/check.h"

namespace osprey::bench {
namespace {

constexpr uint64_t kTextLen = 71;  // code, Uri-Path "echo", marker, 64 bytes
constexpr uint64_t kAadLen = 24;   // about what OSCORE's is
constexpr size_t kMaxBurst = 128;

struct Message {
  alignas(64) std::array<uint8_t, kTextLen + 16> text;
  std::array<uint8_t, kAadLen> aad;
  std::array<uint8_t, 16> nonce;
  std::array<uint8_t, 16> tag;
};

class Library {
 public:
  Library() : manager_(alloc_mb_mgr(0)), messages_(kMaxBurst) {
    CHECK(manager_ != nullptr);
    IMB_ARCH architecture = IMB_ARCH_NONE;
    init_mb_mgr_auto(manager_, &architecture);
    const std::array<uint8_t, 16> key{1, 2, 3};
    IMB_AES_KEYEXP_128(manager_, key.data(), rounds_.data(), unused_.data());
    IMB_AES128_GCM_PRE(manager_, key.data(), &gcm_key_);
  }
  ~Library() { free_mb_mgr(manager_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  void run_ccm(uint32_t size, bool is_seal) {
    std::array<IMB_JOB*, kMaxBurst> jobs;
    CHECK(IMB_GET_NEXT_BURST(manager_, size, jobs.data()) == size);
    for (uint32_t i = 0; i < size; ++i) {
      Message& message = messages_[i];
      IMB_JOB& job = *jobs[i];
      job.cipher_mode = IMB_CIPHER_CCM;
      job.hash_alg = IMB_AUTH_AES_CCM;
      job.cipher_direction = is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
      job.chain_order = is_seal ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
      job.enc_keys = job.dec_keys = rounds_.data();
      job.key_len_in_bytes = 16;
      job.src = job.dst = message.text.data();
      job.cipher_start_src_offset_in_bytes = job.hash_start_src_offset_in_bytes = 0;
      job.msg_len_to_cipher_in_bytes = job.msg_len_to_hash_in_bytes = kTextLen;
      job.iv = message.nonce.data();
      job.iv_len_in_bytes = 13;
      job.auth_tag_output = message.tag.data();
      job.auth_tag_output_len_in_bytes = 8;
      job.u.CCM.aad = message.aad.data();
      job.u.CCM.aad_len_in_bytes = kAadLen;
    }
    uint32_t num_done = IMB_SUBMIT_BURST_NOCHECK(manager_, size, jobs.data());
    while (num_done < size) num_done += IMB_FLUSH_BURST(manager_, size - num_done, jobs.data());
  }

  void run_gcm(uint32_t size, bool is_seal) {
    const auto run = is_seal ? manager_->gcm128_enc : manager_->gcm128_dec;
    for (uint32_t i = 0; i < size; ++i) {
      Message& message = messages_[i];
      run(&gcm_key_, &gcm_state_, message.text.data(), message.text.data(), kTextLen,
          message.nonce.data(), message.aad.data(), kAadLen, message.tag.data(), 16);
    }
  }

 private:
  IMB_MGR* manager_;
  std::vector<Message> messages_;
  alignas(16) std::array<uint8_t, 240> rounds_{};
  alignas(16) std::array<uint8_t, 240> unused_{};
  alignas(64) gcm_key_data gcm_key_{};
  gcm_context_data gcm_state_{};
};

template <typename Run>
void open_and_seal(benchmark::State& state, Run run) {
  Library library;
  const auto size = static_cast<uint32_t>(state.range(0));
  for (auto _ : state) {
    run(library, size, false);
    run(library, size, true);
  }
  state.counters["per_request"] =
      benchmark::Counter(static_cast<double>(size), benchmark::Counter::kIsIterationInvariantRate |
                                                        benchmark::Counter::kInvert);
}

void ccm(benchmark::State& state) {
  open_and_seal(
      state, [](Library& library, uint32_t size, bool is_seal) { library.run_ccm(size, is_seal); });
}
BENCHMARK(ccm)->Name("bound/ccm")->RangeMultiplier(2)->Range(1, kMaxBurst);

void gcm(benchmark::State& state) {
  open_and_seal(
      state, [](Library& library, uint32_t size, bool is_seal) { library.run_gcm(size, is_seal); });
}
BENCHMARK(gcm)->Name("bound/gcm")->Arg(1)->Arg(64);

}  // namespace
}  // namespace osprey::bench
