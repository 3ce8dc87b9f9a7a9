// What a host must answer to be found: ARP (RFC 826), neighbour solicitation (RFC 4861), ping
// (RFC 792, RFC 4443). In place; the answer is no longer than the question, but for a neighbour
// advertisement, which is 8 bytes longer than a solicitation without an option.
#pragma once

#include "dataplane/frames/frame.h"

namespace osprey {

// `at`: where ARP begins. Anything but a question for one of our addresses is kNotForUs.
FrameFate answer_arp(MutableBytes frame, size_t at, const FrameHost& host, FrameLayout& layout);

// `at`: where ICMP begins; `end`: of the IP packet. The IP header is sound and for us.
FrameFate answer_icmp(MutableBytes frame, size_t ip, size_t at, size_t end, const FrameHost& host,
                      FrameLayout& layout);
// The same, but a solicitation goes to a multicast address. `room`: bytes that the frame may grow
// to.
FrameFate answer_icmpv6(MutableBytes room, size_t ip, size_t end, const FrameHost& host,
                        FrameLayout& layout);

}  // namespace osprey
