// One message sealed or opened step by step, with everything between kept for a test to look at.
#pragma once

#include <vector>

#include "dataplane/crypto/openssl_engine.h"
#include "framework/coap/message.h"
#include "framework/oscore/echo.h"
#include "framework/oscore/option.h"
#include "framework/oscore/protect.h"
#include "framework/oscore/unprotect.h"

namespace osprey::test {

using ByteVector = std::vector<uint8_t>;

// A well-formed message; a format error ends the program. Borrows `datagram`.
coap::Message parsed(Bytes datagram);

// "6= 11=61": number=hex for each option.
std::string options_text(Bytes options);

// Value of the first option of this number.
std::optional<Bytes> option_value(Bytes options, uint16_t number);

// A message built from parts, in memory of its own.
class Built {
 public:
  explicit Built(coap::Code code, coap::Type type = coap::Type::kCon);

  // Options in ascending order of their numbers.
  Built& option(uint16_t number, Bytes value = {});
  Built& payload(std::string_view text);
  Built& token(std::string_view hex_text);
  Built& message_id(uint16_t message_id);
  Built& type(coap::Type type);
  const coap::Message& message();

 private:
  coap::Message message_;
  ByteVector token_ = {0x4a};
  std::vector<std::pair<uint16_t, ByteVector>> options_;
  ByteVector encoded_options_;
  ByteVector payload_;
};

struct Sealed {
  oscore::Verdict verdict = oscore::Verdict::kOk;
  ByteVector nonce;
  ByteVector aad;
  ByteVector key;
  ByteVector plaintext;
  ByteVector ciphertext;
  ByteVector datagram;
  ByteVector oscore_option;
};

// Everything but the verdict is empty unless it is kOk.
Sealed seal_request(oscore::SecurityContext& context, oscore::SequenceSource& source,
                    const coap::Message& message, oscore::RequestIdentity& identity);
Sealed seal_response(oscore::SecurityContext& context, oscore::SequenceSource& source,
                     oscore::RequestIdentity& identity, const coap::Message& message);

struct Opened {
  oscore::Verdict verdict = oscore::Verdict::kOk;
  ByteVector nonce;
  ByteVector aad;
  ByteVector key;
  ByteVector plaintext;
  ByteVector unprotected;  // as write_unprotected puts it together

  coap::Message outer;  // borrows the datagram that was opened
  coap::Message inner;  // borrows `memory`
  ByteVector memory;
};

inline constexpr TimeNs kNow = 1'000 * kSecond;

// An EchoMaker whose key is 32 times `fill`.
oscore::EchoKey echo_key(uint8_t fill);

// The option has to decode (oscore/option.h); `datagram` stays as it is.
Opened open_request(oscore::SecurityContext& context, Bytes datagram, oscore::EchoMaker& echo,
                    TimeNs now, oscore::RequestIdentity& identity);
// For a context whose window is set, where no Echo is looked at.
Opened open_request(oscore::SecurityContext& context, Bytes datagram,
                    oscore::RequestIdentity& identity);
Opened open_response(oscore::SecurityContext& context, const oscore::RequestIdentity& identity,
                     Bytes datagram);

}  // namespace osprey::test
