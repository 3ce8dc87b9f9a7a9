#include "storage/store_link.h"

#include "framework/base/check.h"

namespace osprey::storage {

using oscore::SecurityContext;
using oscore::SequenceRange;

std::optional<SequenceRange> StoreLink::reserve_sender_sequence(SecurityContext& context) {
  const auto range = context.reserved().range_above(context.sequence().limit());
  if (!range) expect_need(context);
  return range;
}

bool StoreLink::expect_need(SecurityContext& context) {
  const uint64_t used_limit = context.sequence().limit();
  if (context.reserved().limit() > used_limit) return true;
  const bool pushed = numbers_.push([&](NumbersRequest& request) {
    request = {&context, used_limit};
  });
  store_.wake();
  return pushed;
}

bool StoreLink::fetch(Ticket ticket, const oscore::OscoreOption& option) {
  const bool pushed = fetches_.push([&](FetchRequest& request) {
    request.ticket = ticket;
    request.kid = ShortBytes<cose::kMaxIdLen>(*option.kid);
    request.has_kid_context = option.kid_context.has_value();
    if (option.kid_context) request.kid_context = ShortBytes<255>(*option.kid_context);
  });
  if (pushed) store_.wake();
  return pushed;
}

size_t StoreLink::take_fetched(std::span<Ticket> tickets) {
  size_t taken = 0;
  while (taken < tickets.size() &&
         fetched_.pop([&](const Ticket& ticket) { tickets[taken] = ticket; })) {
    ++taken;
  }
  return taken;
}

void StoreLink::give_back(Ticket ticket) {
  const bool pushed = fetched_.push([&](Ticket& slot) { slot = ticket; });
  CHECK(pushed);  // the worker has no more tickets than the ring has places
}

}  // namespace osprey::storage
