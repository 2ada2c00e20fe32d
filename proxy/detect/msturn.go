package detect

import (
	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
	"rehearse/proxy/wire/pseudotls"
)

// pseudoTLS recognises the hello with which an MS-TURN client on TCP port 443
// begins; it decides at byte 50, the last that comes before an answer.
func pseudoTLS(prefix []byte) Verdict { return pseudotls.MatchClientHello(prefix) }

// cookieOffset is where the Magic Cookie, the first attribute of every message,
// stands in a frame.
const cookieOffset = msturn.FrameHeaderSize + msturn.HeaderSize

// msturnFrame recognises MS-TURN without pseudo-TLS, as it is spoken inside real
// TLS: a control frame with an Allocate request, the first message a client
// sends. It decides at byte 32.
func msturnFrame(prefix []byte) Verdict {
	v := fields(prefix,
		field{0, 2, func(n int) bool { return n == int(msturn.FrameControl) }},
		field{2, 2, func(n int) bool { return n >= msturn.HeaderSize+len(msturn.Cookie) }},
		field{4, 2, func(n int) bool { return n == int(msturn.AllocateRequest) }},
	)
	if v != Yes || len(prefix) < cookieOffset {
		return min(v, Maybe)
	}
	return wire.HasPrefix(prefix[cookieOffset:], msturn.Cookie)
}
