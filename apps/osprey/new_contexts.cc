#include "apps/osprey/new_contexts.h"

#include <charconv>
#include <memory>

#include "apps/launch/random.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;

constexpr uint32_t kMaxCount = 100'000'000;  // contexts of one `context add`

Result<std::vector<uint8_t>> hex_argument(const char* name, const std::string& text) {
  auto bytes = from_hex(text);
  if (!bytes) {
    return fail(std::string(name) + " is not hex",
                std::string("write pairs of hex digits, such as ") + name + " 01");
  }
  return std::move(*bytes);
}

Result<const cose::AeadAlgorithm*> find_algorithm(const std::string& text) {
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const auto* found = is_number ? cose::find_aead(number) : cose::find_aead(text);
  if (found != nullptr) return found;
  std::string names;
  for (const auto& each : cose::aead_algorithms()) {
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  return fail("unknown algorithm \"" + text + "\"", "choose one of " + names);
}

Result<const cose::HkdfAlgorithm*> find_hkdf(const std::string& text) {
  if (const auto* found = cose::find_hkdf(text)) return found;
  return fail("unknown HKDF \"" + text + "\"",
              "choose one of HKDF SHA-256, HKDF SHA-384, HKDF SHA-512");
}

void draw_secret(ContextParameters& parameters) {
  fill_random(parameters.master_secret.space(kDrawnSecretLen));
}

// What all contexts of one command share; IDs are prefixes when there are many.
Result<ContextParameters> common_parameters(const ContextArguments& arguments) {
  ContextParameters parameters;
  parameters.name = arguments.name;
  parameters.replay_window_size = arguments.window;
  parameters.require_kid_context = arguments.require_kid_context;
  const auto algorithm = find_algorithm(arguments.algorithm);
  if (!algorithm) return tl::unexpected(algorithm.error());
  parameters.aead = *algorithm;
  const auto hkdf = find_hkdf(arguments.hkdf);
  if (!hkdf) return tl::unexpected(hkdf.error());
  parameters.hkdf = *hkdf;

  const auto read = [&](const char* name, const std::optional<std::string>& text,
                        std::vector<uint8_t>& bytes) -> Result<void> {
    if (!text) return {};
    auto read_bytes = hex_argument(name, *text);
    if (!read_bytes) return tl::unexpected(read_bytes.error());
    bytes = std::move(*read_bytes);
    return {};
  };
  std::vector<uint8_t> id_context;
  for (const auto& done : {read("--sender-id", arguments.sender_id, parameters.sender_id),
                           read("--recipient-id", arguments.recipient_id, parameters.recipient_id),
                           read("--master-salt", arguments.master_salt, parameters.master_salt),
                           read("--id-context", arguments.id_context, id_context)}) {
    if (!done) return tl::unexpected(done.error());
  }
  if (arguments.id_context) parameters.id_context = std::move(id_context);
  return parameters;
}

Result<MakeContext> one_context(const ContextArguments& arguments, ContextParameters common) {
  if (!arguments.sender_id || !arguments.recipient_id) {
    return fail("a context needs --sender-id and --recipient-id",
                "give each end an ID of its own, such as --sender-id 01 --recipient-id 02");
  }
  if (arguments.master_secret) {
    auto secret = hex_argument("--master-secret", *arguments.master_secret);
    if (!secret) return tl::unexpected(secret.error());
    if (secret->empty() || secret->size() > oscore::kMaxMasterSecretLen) {
      return fail("--master-secret must have 1 to 64 bytes", "leave it out to have 16 bytes drawn");
    }
    common.master_secret = Secret<oscore::kMaxMasterSecretLen>(*secret);
    zeroise(*secret);
  } else {
    draw_secret(common);
  }
  const auto shared = std::make_shared<const ContextParameters>(std::move(common));
  return MakeContext([shared](uint32_t) { return shared->duplicate(); });
}

// NAME-0, NAME-1, ... with IDs PREFIX | number, all numbers of one width.
Result<MakeContext> many_contexts(const ContextArguments& arguments, ContextParameters common) {
  if (arguments.master_secret) {
    return fail("--count draws a secret for each context", "leave out --master-secret");
  }
  if (*arguments.count < 1 || *arguments.count > kMaxCount) {
    return fail("--count must be 1 to " + std::to_string(kMaxCount));
  }
  if (!arguments.sender_id) common.sender_id = {0x01};
  if (!arguments.recipient_id) common.recipient_id = {0x02};
  const size_t width = std::max<size_t>(1, uint_len(*arguments.count - 1));
  const auto with_number = [width](std::vector<uint8_t> prefix, uint32_t number) {
    for (size_t i = width; i-- > 0;) prefix.push_back(static_cast<uint8_t>(number >> (8 * i)));
    return prefix;
  };
  const auto shared = std::make_shared<const ContextParameters>(std::move(common));
  return MakeContext([shared, with_number](uint32_t i) {
    ContextParameters parameters = shared->duplicate();
    parameters.name += "-" + std::to_string(i);
    parameters.sender_id = with_number(std::move(parameters.sender_id), i);
    parameters.recipient_id = with_number(std::move(parameters.recipient_id), i);
    draw_secret(parameters);
    return parameters;
  });
}

}  // namespace

Result<MakeContext> contexts_of(const ContextArguments& arguments) {
  auto common = common_parameters(arguments);
  if (!common) return tl::unexpected(common.error());
  return arguments.count ? many_contexts(arguments, std::move(*common))
                         : one_context(arguments, std::move(*common));
}

ContextParameters mirrored(const ContextParameters& from) {
  ContextParameters mirror = from.duplicate();
  std::swap(mirror.sender_id, mirror.recipient_id);
  return mirror;
}

}  // namespace osprey::cli
