#include "dataplane/crypto/ipsec_mb_engine.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <intel-ipsec-mb.h>

#include "dataplane/crypto/key_slots.h"
#include "dataplane/crypto/openssl_engine.h"
#include "framework/base/check.h"

namespace osprey {
namespace {

using Architecture = IpsecMbEngine::Architecture;
using cose::AeadFamily;
using oscore::AeadJob;
using oscore::AeadKey;

enum class Direction : bool { kOpen, kSeal };

constexpr size_t kMaxBurst = 64;
static_assert(kMaxBurst <= IMB_MAX_BURST_SIZE);

// What ipsec-mb's AES-CCM takes: the AAD with its length in three blocks, lengths in 16 bits.
constexpr uint32_t kMaxCcmAad = 46;
constexpr uint32_t kMaxCcmText = 65'000;

// Keys that only OpenSSL can serve are rare.
constexpr size_t kOpensslKeys = 256;
constexpr size_t kCcmKeysPerGcmKey = 4;

struct CcmKey {
  alignas(16) std::array<uint8_t, 240> rounds;  // 11 or 15 round keys, for encryption
};

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};
using Manager = std::unique_ptr<IMB_MGR, FreeManager>;

struct ArchitectureRow {
  Architecture architecture;
  std::string_view name;
  uint64_t features;
  void (*init)(IMB_MGR*);
};
constexpr std::array<ArchitectureRow, 4> kArchitectures = {{
    {Architecture::kSse, "sse", IMB_CPUFLAGS_SSE, init_mb_mgr_sse},
    {Architecture::kAvx, "avx", IMB_CPUFLAGS_AVX, init_mb_mgr_avx},
    {Architecture::kAvx2, "avx2", IMB_CPUFLAGS_AVX2, init_mb_mgr_avx2},
    {Architecture::kAvx512, "avx512", IMB_CPUFLAGS_AVX512, init_mb_mgr_avx512},
}};

bool can_do(const IMB_MGR& manager, const ArchitectureRow& row) {
  return (manager.features & row.features) == row.features;
}

// No early end: how long it takes tells nothing about where two tags differ.
bool same_tag(const uint8_t* a, const uint8_t* b, size_t len) {
  uint8_t difference = 0;
  for (size_t i = 0; i < len; ++i) difference = static_cast<uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

void prefetch(const void* address, size_t len) {
  const auto* bytes = static_cast<const char*>(address);
  for (size_t i = 0; i < len; i += 64) __builtin_prefetch(bytes + i);
}

// The three sizes of AES-GCM.
struct Gcm {
  aes_gcm_pre_t prepare;
  aes_gcm_enc_dec_t seal;
  aes_gcm_enc_dec_t open;
};
Gcm gcm_of(const IMB_MGR& manager, size_t key_len) {
  switch (key_len) {
    case 16: return {manager.gcm128_pre, manager.gcm128_enc, manager.gcm128_dec};
    case 24: return {manager.gcm192_pre, manager.gcm192_enc, manager.gcm192_dec};
    default: return {manager.gcm256_pre, manager.gcm256_enc, manager.gcm256_dec};
  }
}

}  // namespace

class IpsecMbEngine::Parts {
 public:
  Parts(Manager manager, size_t cached_keys)
      : manager_(std::move(manager)),
        ccm_keys_(cached_keys),
        gcm_keys_(std::max<size_t>(cached_keys / kCcmKeysPerGcmKey, 1)),
        openssl_(kOpensslKeys) {}

  ~Parts() {
    zeroise({reinterpret_cast<uint8_t*>(homeless_.data()), sizeof homeless_});
    zeroise(unused_.rounds);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void run(std::span<AeadJob> jobs, Direction direction) {
    while (!jobs.empty()) {
      const auto some = jobs.first(std::min(jobs.size(), kMaxBurst));
      run_some(some, direction);
      jobs = jobs.subspan(some.size());
    }
  }

 private:
  using Tag = std::array<uint8_t, cose::kMaxTagLen>;
  using CcmSlot = KeySlots<CcmKey>::Slot;

  // AES-CCM messages of one key length: what they are and with which round keys.
  struct CcmBurst {
    size_t size = 0;
    std::array<AeadJob*, kMaxBurst> jobs;
    std::array<const CcmKey*, kMaxBurst> keys;
  };

  static bool is_for_burst(const AeadJob& job) {
    return job.key->algorithm().family == AeadFamily::kAesCcm && job.aad_len <= kMaxCcmAad &&
           job.text_len <= kMaxCcmText;
  }

  // At most kMaxBurst.
  void run_some(std::span<AeadJob> jobs, Direction direction) {
    for (const AeadJob& job : jobs) {
      if (is_for_burst(job)) prefetch(&ccm_keys_.at(job.key->serial()), sizeof(CcmSlot));
    }
    ++burst_;
    num_homeless_ = 0;
    CcmBurst with_128;
    CcmBurst with_256;
    for (AeadJob& job : jobs) {
      if (is_for_burst(job)) {
        add(job.key->algorithm().key_len == 16 ? with_128 : with_256, job);
      } else {
        run_alone(job, direction);
      }
    }
    run_burst(with_128, IMB_KEY_128_BYTES, direction);
    run_burst(with_256, IMB_KEY_256_BYTES, direction);
  }

  void run_alone(AeadJob& job, Direction direction) {
    switch (job.key->algorithm().family) {
      case AeadFamily::kAesGcm: return run_gcm(job, direction);
      case AeadFamily::kChaCha20Poly1305: return run_chacha(job, direction);
      case AeadFamily::kAesCcm: break;
    }
    if (direction == Direction::kOpen) {
      openssl_.open({&job, 1});
    } else {
      openssl_.seal({&job, 1});
    }
  }

  // --- AES-CCM ---

  void add(CcmBurst& burst, AeadJob& job) {
    burst.jobs[burst.size] = &job;
    burst.keys[burst.size] = &ccm_key(*job.key);
    ++burst.size;
  }

  // In its slot, or elsewhere if another key of this burst is there.
  const CcmKey& ccm_key(const AeadKey& key) {
    CcmSlot& slot = ccm_keys_.at(key.serial());
    if (slot.serial == key.serial()) {
      slot.burst = burst_;
      return slot.prepared;
    }
    if (slot.burst == burst_) {
      CcmKey& elsewhere = homeless_[num_homeless_++];
      prepare(key, elsewhere);
      return elsewhere;
    }
    prepare(key, slot.prepared);
    slot.serial = key.serial();
    slot.burst = burst_;
    return slot.prepared;
  }

  // AES-CCM decrypts with the encrypting round keys; ipsec-mb makes the others with them.
  void prepare(const AeadKey& key, CcmKey& out) {
    const keyexp_t expand =
        key.algorithm().key_len == 16 ? manager_->keyexp_128 : manager_->keyexp_256;
    expand(key.reveal().data(), out.rounds.data(), unused_.rounds.data());
  }

  void fill(IMB_JOB& out, const AeadJob& job, const CcmKey& key, Direction direction, Tag& tag) {
    const cose::AeadAlgorithm& algorithm = job.key->algorithm();
    out.cipher_mode = IMB_CIPHER_CCM;
    out.hash_alg = IMB_AUTH_AES_CCM;
    out.enc_keys = key.rounds.data();
    out.dec_keys = key.rounds.data();
    out.u.CCM.aad = job.aad;
    out.u.CCM.aad_len_in_bytes = job.aad_len;
    fill_rest(out, job, algorithm, direction, tag);
  }

  static void fill_rest(IMB_JOB& out, const AeadJob& job, const cose::AeadAlgorithm& algorithm,
                        Direction direction, Tag& tag) {
    const bool is_seal = direction == Direction::kSeal;
    out.cipher_direction = is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    // The tag of AES-CCM is over the plaintext, that of ChaCha20/Poly1305 over the ciphertext.
    const bool hash_first = is_seal == (algorithm.family == AeadFamily::kAesCcm);
    out.chain_order = hash_first ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
    out.key_len_in_bytes = algorithm.key_len;
    out.src = job.text;
    out.dst = job.text;
    out.cipher_start_src_offset_in_bytes = 0;
    out.hash_start_src_offset_in_bytes = 0;
    out.msg_len_to_cipher_in_bytes = job.text_len;
    out.msg_len_to_hash_in_bytes = job.text_len;
    out.iv = job.nonce;
    out.iv_len_in_bytes = algorithm.nonce_len;
    out.auth_tag_output = is_seal ? job.text + job.text_len : tag.data();
    out.auth_tag_output_len_in_bytes = algorithm.tag_len;
  }

  void run_burst(const CcmBurst& burst, IMB_KEY_SIZE_BYTES key_size, Direction direction) {
    if (burst.size == 0) return;
#if IMB_VERSION_NUM >= IMB_VERSION(1, 5, 0)
    for (size_t i = 0; i < burst.size; ++i) {
      fill(burst_jobs_[i], *burst.jobs[i], *burst.keys[i], direction, tags_[i]);
    }
    const uint32_t num_done = IMB_SUBMIT_AEAD_BURST_NOCHECK(
        manager_.get(), burst_jobs_.data(), static_cast<uint32_t>(burst.size), IMB_CIPHER_CCM,
        direction == Direction::kSeal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT, key_size);
    CHECK(num_done == burst.size);
#else
    static_cast<void>(key_size);
    const auto size = static_cast<uint32_t>(burst.size);
    std::array<IMB_JOB*, kMaxBurst> jobs;
    CHECK(IMB_GET_NEXT_BURST(manager_.get(), size, jobs.data()) == size);
    for (size_t i = 0; i < size; ++i) {
      fill(*jobs[i], *burst.jobs[i], *burst.keys[i], direction, tags_[i]);
    }
    uint32_t num_done = IMB_SUBMIT_BURST_NOCHECK(manager_.get(), size, jobs.data());
    while (num_done < size) {
      const uint32_t flushed = IMB_FLUSH_BURST(manager_.get(), size - num_done, jobs.data());
      CHECK(flushed > 0);
      num_done += flushed;
    }
#endif
    for (size_t i = 0; i < burst.size; ++i) finish(*burst.jobs[i], direction, tags_[i]);
  }

  // --- one message at a time ---

  void run_gcm(AeadJob& job, Direction direction) {
    const cose::AeadAlgorithm& algorithm = job.key->algorithm();
    const Gcm gcm = gcm_of(*manager_, algorithm.key_len);
    auto& slot = gcm_keys_.at(job.key->serial());
    if (slot.serial != job.key->serial()) {
      gcm.prepare(job.key->reveal().data(), &slot.prepared);
      slot.serial = job.key->serial();
    }
    Tag tag;
    const bool is_seal = direction == Direction::kSeal;
    (is_seal ? gcm.seal : gcm.open)(
        &slot.prepared, &gcm_state_, job.text, job.text, job.text_len, job.nonce, job.aad,
        job.aad_len, is_seal ? job.text + job.text_len : tag.data(), algorithm.tag_len);
    finish(job, direction, tag);
  }

  void run_chacha(AeadJob& job, Direction direction) {
    Tag tag;
    IMB_JOB* out = IMB_GET_NEXT_JOB(manager_.get());
    out->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    out->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    out->enc_keys = job.key->reveal().data();
    out->dec_keys = job.key->reveal().data();
    out->u.CHACHA20_POLY1305.aad = job.aad;
    out->u.CHACHA20_POLY1305.aad_len_in_bytes = job.aad_len;
    fill_rest(*out, job, job.key->algorithm(), direction, tag);
    const IMB_JOB* done = IMB_SUBMIT_JOB_NOCHECK(manager_.get());
    if (done == nullptr) done = IMB_FLUSH_JOB(manager_.get());
    CHECK(done != nullptr && done->status == IMB_STATUS_COMPLETED);
    finish(job, direction, tag);
  }

  // ipsec-mb has decrypted before anybody knows the tag; nobody may see what of.
  static void finish(AeadJob& job, Direction direction, const Tag& tag) {
    job.ok = direction == Direction::kSeal ||
             same_tag(tag.data(), job.text + job.text_len, job.key->algorithm().tag_len);
    if (!job.ok) zeroise({job.text, job.text_len});
  }

  Manager manager_;
  KeySlots<CcmKey> ccm_keys_;
  KeySlots<gcm_key_data> gcm_keys_;
  OpensslEngine openssl_;
  uint64_t burst_ = 0;
  std::array<Tag, kMaxBurst> tags_;
  std::array<CcmKey, kMaxBurst> homeless_;  // keys of this burst whose slot another one uses
  size_t num_homeless_ = 0;
  CcmKey unused_;
  gcm_context_data gcm_state_{};
#if IMB_VERSION_NUM >= IMB_VERSION(1, 5, 0)
  std::array<IMB_JOB, kMaxBurst> burst_jobs_{};
#endif
};

IpsecMbEngine::IpsecMbEngine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
IpsecMbEngine::~IpsecMbEngine() = default;

std::vector<Architecture> IpsecMbEngine::architectures() {
  std::vector<Architecture> all;
  const Manager manager(alloc_mb_mgr(0));
  if (!manager) return all;
  for (const ArchitectureRow& row : kArchitectures) {
    if (can_do(*manager, row)) all.push_back(row.architecture);
  }
  return all;
}

std::string_view IpsecMbEngine::name(Architecture architecture) {
  for (const ArchitectureRow& row : kArchitectures) {
    if (row.architecture == architecture) return row.name;
  }
  return "best";
}

Result<std::unique_ptr<IpsecMbEngine>> IpsecMbEngine::make(Architecture architecture,
                                                           size_t cached_keys) {
  Manager manager(alloc_mb_mgr(0));
  if (!manager) return fail("ipsec-mb: no memory for a manager");
  const ArchitectureRow* chosen = nullptr;
  for (const ArchitectureRow& row : kArchitectures) {
    const bool is_wanted = architecture == Architecture::kBest || architecture == row.architecture;
    if (is_wanted && can_do(*manager, row)) chosen = &row;
  }
  if (chosen == nullptr) {
    return fail("ipsec-mb: this CPU cannot do what architecture " +
                    std::string(name(architecture)) + " takes",
                "use the OpenSSL engine");
  }
  chosen->init(manager.get());
  return std::unique_ptr<IpsecMbEngine>(
      new IpsecMbEngine(std::make_unique<Parts>(std::move(manager), cached_keys)));
}

void IpsecMbEngine::open(std::span<AeadJob> jobs) { parts_->run(jobs, Direction::kOpen); }
void IpsecMbEngine::seal(std::span<AeadJob> jobs) { parts_->run(jobs, Direction::kSeal); }

}  // namespace osprey
