// Goal: a datagram that is not authentic changes nothing in the context (I3).
// Method: take the input as option value and ciphertext; open it; compare window and numbers.
#include "framework/oscore/unprotect.h"
#include "tests/fuzz/fixed_ends.h"

using namespace osprey;
using oscore::Verdict;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  static OpensslEngine engine{16};
  static oscore::EchoMaker echo{fuzz::fixed_echo_key()};
  static const auto context = [] {
    auto fresh = fuzz::derive_end({2}, {1});
    fresh->window().initialise_empty();
    return fresh;
  }();
  const Bytes rest(data + 1, size - 1);
  const size_t option_len = std::min<size_t>(data[0], rest.size());
  oscore::OscoreOption option;
  if (oscore::parse_oscore_option(rest.first(option_len), option) != oscore::OptionError::kNone ||
      !oscore::fits_request(option)) {
    return 0;
  }
  std::vector<uint8_t> ciphertext(rest.begin() + static_cast<ptrdiff_t>(option_len), rest.end());
  const uint64_t piv = read_uint(option.partial_iv);
  const bool was_acceptable = context->window().may_accept(piv);

  oscore::Opening opening;
  Verdict verdict = begin_unprotect_request(*context, option, ciphertext, opening);
  if (verdict == Verdict::kOk) {
    // The AAD holds the kid as received, so a wrong kid fails here even under the right key.
    engine.open(std::span(&opening.job, 1));
    coap::Message inner;
    oscore::RequestIdentity identity;
    verdict = finish_unprotect_request(*context, option, opening, echo, 0, inner, identity);
  }
  CHECK(verdict == Verdict::kBadTag || verdict == Verdict::kReplay);
  CHECK(context->window().may_accept(piv) == was_acceptable);
  CHECK(context->sequence().next() == 0);
  return 0;
}
