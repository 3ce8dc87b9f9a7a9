// What the server answers in the application's place, and what reaches the application; through the
// whole line, with and without OSCORE.
#include "framework/pipeline/handle.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::Type;
using test::Built;
using test::ByteVector;
using test::Client;
using test::hex;
using test::request_to;
using test::Served;
using test::World;

ByteVector plain(Built built) {
  ByteVector space(kMaxDatagram);
  Writer writer(space);
  write_message(writer, built.message());
  CHECK(writer.ok());
  return {writer.written().begin(), writer.written().end()};
}

Built with(Built built, uint16_t number, std::string_view value) {
  return built.option(number, hex(value));
}

// Resources for the rows below, besides those of the World.
void add_resources(Router& router) {
  const Handler ok = [](const Request&, Response&) {};
  router.add("nothing").get(ok).post(ok).put(ok).del(ok).fetch(ok).patch(ok).ipatch(ok);
  router.add("json")
      .get([](const Request&, Response& response) { response.content(ContentFormat::kJson, "{}"); })
      .post(
          [](const Request&, Response& response) { response.content(ContentFormat::kJson, "{}"); })
      .consumes({ContentFormat::kCbor});
  router.add("text")
      .get([](const Request&, Response& response) {
        response.content(ContentFormat::kTextPlain, "t");
      })
      .produces({ContentFormat::kTextPlain, ContentFormat::kLinkFormat});
  router.add("things/{id}").put([](const Request& request, Response& response) {
    response.created("things/" + std::string(request.parameter("id")));
  });
  router.add("conflict").post([](const Request&, Response& response) {
    response.error(Code::kConflict, "not now");
  });
  router.add("who").get([](const Request& request, Response& response) {
    const Peer& peer = request.peer();
    response.content(ContentFormat::kTextPlain,
                     std::string(peer.name) + " " + to_hex(peer.id) + " " +
                         (peer.id_context ? to_hex(*peer.id_context) : "none") +
                         (peer.authenticated ? " authenticated" : " unknown"));
  });
}

struct Row {
  const char* what;
  Built request;
  const char* answer;  // code and what follows the token
};

std::vector<Row> inner_rows() {
  using namespace coap::option;
  return {
      {"a handler's answer", request_to("hello"), "2.05 12= 'Hello!'"},
      {"default of GET", request_to("nothing"), "2.05"},
      {"default of POST", request_to("nothing", Code::kPost), "2.04"},
      {"default of PUT", request_to("nothing", Code::kPut), "2.04"},
      {"default of DELETE", request_to("nothing", Code::kDelete), "2.02"},
      {"default of FETCH", request_to("nothing", Code::kFetch), "2.05"},
      {"default of PATCH", request_to("nothing", Code::kPatch), "2.04"},
      {"default of iPATCH", request_to("nothing", Code::kIPatch), "2.04"},
      {"created", request_to("things/7", Code::kPut), "2.01 8=7468696e6773 8=37"},
      {"a handler's error", request_to("conflict", Code::kPost), "4.09 'not now'"},
      {"unknown path", request_to("nowhere"), "4.04"},
      {"unknown path below a known one", request_to("hello/more"), "4.04"},
      {"root without resource", request_to(""), "4.04"},
      {"path too deep", request_to("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), "4.04"},
      {"method without handler", request_to("hello", Code::kPost), "4.05"},
      {"unknown method", request_to("hello", static_cast<Code>(0x1f)), "4.05"},
      {"unknown critical", with(request_to("hello"), 9999, "01"),
       "4.02 'critical option not understood'"},
      {"unknown elective", with(request_to("hello"), 9998, "01"), "2.05 12= 'Hello!'"},
      {"If-Match", Built(Code::kGet).option(kIfMatch).option(kUriPath, as_bytes("hello")),
       "4.02 'critical option not understood'"},
      {"Accept twice", with(with(request_to("hello"), kAccept, ""), kAccept, ""),
       "4.02 'critical option not understood'"},
      {"segment too long", request_to(std::string(256, 'a')),
       "4.02 'critical option not understood'"},
      {"Block1", with(request_to("echo", Code::kPost), kBlock1, "08"),
       "4.02 'critical option not understood'"},
      {"Block2 of reserved size", with(request_to("hello"), kBlock2, "07"),
       "4.00 'reserved block size'"},
      {"Block2 of small size", with(request_to("hello"), kBlock2, "00"), "2.05 12= 'Hello!'"},
      {"Accept met, stated formats", with(request_to("text"), kAccept, ""), "2.05 12= 't'"},
      {"Accept of a stated format that the handler did not give",
       with(request_to("text"), kAccept, "28"), "4.06"},
      {"Accept not met, stated formats", with(request_to("text"), kAccept, "32"), "4.06"},
      {"Accept met", with(request_to("json"), kAccept, "32"), "2.05 12=32 '{}'"},
      {"Accept not met", with(request_to("json"), kAccept, "3c"), "4.06"},
      {"Accept not met, effect done", with(request_to("json", Code::kPost), kAccept, "3c"),
       "2.04 12=32 '{}'"},
      {"Content-Format not taken", with(request_to("json", Code::kPost), kContentFormat, "32"),
       "4.15"},
      {"Content-Format taken", with(request_to("json", Code::kPost), kContentFormat, "3c"),
       "2.04 12=32 '{}'"},
      {"Content-Format not stated", request_to("json", Code::kPost), "2.04 12=32 '{}'"},
      {"4.05 before 4.06", with(request_to("text", Code::kPost), kAccept, "32"), "4.05"},
      {"exception", request_to("throw"), "5.00"},
      {"the peer", request_to("who"), "2.05 12= 'test c1 none authenticated'"},
  };
}

TEST(Handle, AnswersUnderOscoreAreProtected) {
  for (const Type type : {Type::kCon, Type::kNon}) {
    World world;
    add_resources(world.router());
    Client& client = world.client();
    for (const Row& row : inner_rows()) {
      SCOPED_TRACE(row.what);
      Built built = row.request;
      const auto request = client.request(built.type(type));
      const Served served = world.serve(request.datagram);
      EXPECT_EQ(served.verdict, Verdict::kServed);
      const std::string head = type == Type::kCon ? " mid=1234 token=4a" : " mid=1334 token=4a";
      const std::string answer = row.answer;
      EXPECT_EQ(client.text(request, served),
                std::string(type_name(type == Type::kCon ? Type::kAck : Type::kNon)) + " " +
                    answer.substr(0, 4) + head + answer.substr(4));
      // Outside it is only a 2.04 with an empty option (§4.2, §8.3).
      const coap::Message outer = test::parsed(served.reply);
      EXPECT_EQ(outer.code, Code::kChanged);
      EXPECT_EQ(test::options_json(outer.options), test::Json::parse("[[9, \"\"]]"));
    }
  }
}

// Only what stands inside counts, and of it only what a request may hold.
TEST(Handle, InnerMessageThatIsNoRequestIsRefusedUnderOscore) {
  const std::pair<const char*, const char*> rows[] = {
      {"45", "4.00 mid=1234 token=4a 'not a request'"},      // 2.05
      {"00", "4.00 mid=1234 token=4a 'not a request'"},      // Empty
      {"e1", "4.00 mid=1234 token=4a 'not a request'"},      // 7.01
      {"20", "4.00 mid=1234 token=4a 'not a request'"},      // 1.00
      {"80ff61", "4.00 mid=1234 token=4a 'not a request'"},  // 4.00
      // What does not parse (facts section 9).
      {"01ff", "4.00 mid=1234 token=4a"},        // marker without payload
      {"01b5", "4.00 mid=1234 token=4a"},        // option cut
      {"01f0", "4.00 mid=1234 token=4a"},        // reserved delta
      {"010f", "4.00 mid=1234 token=4a"},        // reserved length
      {"01e0fef210", "4.00 mid=1234 token=4a"},  // option number above 65535
  };
  World world;
  Client& client = world.client();
  for (const auto& [plaintext, answer] : rows) {
    SCOPED_TRACE(plaintext);
    const auto request = client.request_with(hex(plaintext));
    // Built's default token and Message ID.
    const Served served = world.serve(request.datagram);
    EXPECT_EQ(client.text(request, served), "ACK " + std::string(answer));
    // It was authentic: its number is used up.
    EXPECT_EQ(world.serve(request.datagram).verdict, Verdict::kReplay);
  }
  EXPECT_EQ(world.num_handled(), 0u);
}

TEST(Handle, ExceptionTellsNothingOfWhatTheApplicationSaid) {
  World world;
  const auto request = world.client().request(request_to("throw"));
  const Served served = world.serve(request.datagram);
  EXPECT_EQ(world.client().text(request, served), "ACK 5.00 mid=1234 token=4a");
  EXPECT_EQ(world.num_handled(), 1u);
}

// The options outside, which anyone on the way can add or change (§8.2 step 1): those of class E
// are as if they were not there; of class U, a proxy's may not be left undone.
TEST(Handle, OuterOptionsCountOnlyIfTheyAreClassU) {
  struct Outer {
    const char* what;
    uint16_t number;
    const char* value;
    const char* answer;
  };
  const Outer rows[] = {
      {"If-Match", 1, "aa", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Uri-Host", 3, "61", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Observe", 6, "", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Uri-Port", 7, "1633", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Uri-Path", 11, "6e6f7768657265", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Content-Format", 12, "3c", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Max-Age", 14, "", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Accept", 17, "3c", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Block2", 23, "07", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Block1", 27, "08", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Echo", 252, "00", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"No-Response", 258, "1a", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"unknown critical", 9999, "00", "2.05 mid=1234 token=4a 12= 'Hello!'"},
      {"Proxy-Uri", 35, "636f61703a2f2f612f62", "5.05 mid=1234 token=4a 'this server is no proxy'"},
      {"Proxy-Scheme", 39, "636f6170", "5.05 mid=1234 token=4a 'this server is no proxy'"},
  };
  World world;
  Client& client = world.client();
  for (const Outer& row : rows) {
    SCOPED_TRACE(row.what);
    const auto request = client.request(request_to("hello"));
    const coap::Message outer = test::parsed(request.datagram);
    const Bytes oscore = *test::option_value(outer.options, coap::option::kOscore);
    Built built(outer.code);
    if (row.number < coap::option::kOscore) built.option(row.number, hex(row.value));
    built.option(coap::option::kOscore, oscore);
    if (row.number > coap::option::kOscore) built.option(row.number, hex(row.value));
    const Served served = world.serve(plain(built.payload(as_text(outer.payload))));
    EXPECT_EQ(client.text(request, served), "ACK " + std::string(row.answer));
  }
}

// Any request code outside will do, and any type of it (§4.2).
TEST(Handle, OuterCodeIsIgnored) {
  World world;
  Client& client = world.client();
  for (const int code : {0x01, 0x02, 0x03, 0x04, 0x05, 0x1f}) {
    auto request = client.request(request_to("hello"));
    request.datagram[1] = static_cast<uint8_t>(code);
    const Served served = world.serve(request.datagram);
    EXPECT_EQ(client.text(request, served), "ACK 2.05 mid=1234 token=4a 12= 'Hello!'");
  }
}

struct PlainRow {
  const char* what;
  Built request;
  const char* answer;  // to a CON
};

// One answer for what is protected and for what is not there: outsiders learn no paths.
TEST(Handle, WithoutOscoreOnlyWhatIsAllowedIsServed) {
  using namespace coap::option;
  const char* refused = "4.01 mid=1234 token=4a 'OSCORE required'";
  const PlainRow rows[] = {
      {"OSCORE only", request_to("hello"), refused},
      {"OSCORE only, wrong method", request_to("hello", Code::kDelete), refused},
      {"OSCORE only, template", request_to("things/1", Code::kPut), refused},
      {"unknown path", request_to("nowhere"), refused},
      {"path too deep", request_to("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), refused},
      {"root without resource", request_to(""), refused},
      {"allowed", request_to("plain", Code::kPost).payload("hi"),
       "2.04 mid=1234 token=4a 12=2a 'hi'"},
      {"allowed, below", request_to("plain/x"), "2.05 mid=1234 token=4a 12= 'x'"},
      {"below what is allowed", request_to("plain/y"), refused},
      {"allowed, wrong method", request_to("plain/x", Code::kPut), "4.05 mid=1234 token=4a"},
      {"allowed, Accept not met", with(request_to("plain/x"), kAccept, "3c"),
       "4.06 mid=1234 token=4a"},
      {"unknown critical", with(request_to("plain"), 9999, "01"),
       "4.02 mid=1234 token=4a 'Unknown critical option'"},
      {"Proxy-Uri", with(request_to("plain"), kProxyUri, "61"),
       "5.05 mid=1234 token=4a 'this server is no proxy'"},
      {"Block1 of reserved size", with(request_to("plain", Code::kPost), kBlock1, "07"),
       "4.00 mid=1234 token=4a 'reserved block size'"},
  };
  World world;
  add_resources(world.router());
  for (const PlainRow& row : rows) {
    EXPECT_EQ(world.serve(plain(row.request)).text(), "ACK " + std::string(row.answer)) << row.what;
  }
  EXPECT_EQ(world.num_handled(), 3u);  // the third of them did what it could before 4.06
}

TEST(Handle, PlainRequestHasNoAuthenticatedPeer) {
  World world;
  Peer peer;
  peer.authenticated = true;
  world.router()
      .add("who")
      .get([&](const Request& request, Response&) { peer = request.peer(); })
      .access(Access::kPlainAllowed);
  EXPECT_EQ(world.serve(plain(request_to("who"))).verdict, Verdict::kServedPlain);
  EXPECT_FALSE(peer.authenticated);
  EXPECT_EQ(peer.name, "");
  EXPECT_TRUE(peer.id.empty());
}

TEST(Handle, PlainNonIsServedWithANonAndRejectedSilently) {
  World world;
  EXPECT_EQ(world.serve(plain(request_to("plain/x", Code::kGet, Type::kNon))).text(),
            "NON 2.05 mid=1334 token=4a 12= 'x'");
  EXPECT_EQ(world.serve(plain(request_to("hello", Code::kGet, Type::kNon))).text(),
            "NON 4.01 mid=1334 token=4a 'OSCORE required'");
  const Served rejected =
      world.serve(plain(with(request_to("plain", Code::kGet, Type::kNon), 9999, "01")));
  EXPECT_EQ(rejected.verdict, Verdict::kUnknownCriticalOption);
  EXPECT_EQ(rejected.text(), "silence");
}

TEST(Handle, WellKnownCoreIsForEveryone) {
  World world;
  const auto request = world.client().request(request_to(".well-known/core"));
  const std::string links = "12=28 '</hello>;osc,</echo>;osc,</plain>,</plain/x>,</throw>;osc'";
  EXPECT_EQ(world.client().text(request, world.serve(request.datagram)),
            "ACK 2.05 mid=1234 token=4a " + links);
  EXPECT_EQ(world.serve(plain(request_to(".well-known/core"))).text(),
            "ACK 2.05 mid=1234 token=4a " + links);
  EXPECT_EQ(world.serve(plain(with(request_to(".well-known/core"), 17, "00"))).text(),
            "ACK 4.06 mid=1234 token=4a");
}

TEST(Handle, LargeRepresentationIsFetchedBlockByBlock) {
  World world;
  const std::string body(10'000, 'b');
  world.router().add("large").get([&](const Request&, Response& response) {
    response.content(ContentFormat::kTextPlain, body);
  });
  Client& client = world.client();
  std::string collected;
  for (uint32_t number = 0;; ++number) {
    Built built = request_to("large");
    const Block asked{number, false, 6};
    std::array<uint8_t, 3> value;
    Writer writer(value);
    writer.uint(asked.encode(), 2);
    const auto request = client.request(built.option(coap::option::kBlock2, writer.written()));
    const test::Opened opened = client.open(request, world.serve(request.datagram));
    ASSERT_EQ(opened.verdict, Verdict::kOk);
    ASSERT_EQ(opened.inner.code, Code::kContent);
    collected += as_text(opened.inner.payload);
    const auto given = test::option_value(opened.inner.options, coap::option::kBlock2);
    ASSERT_TRUE(given.has_value());
    if (!Block::decode(*given)->more) break;
  }
  EXPECT_EQ(collected, body);
}

}  // namespace
}  // namespace osprey::pipeline
