package socks_test

import (
	"errors"
	"net/netip"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/socks"
)

func TestSOCKS(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "socks")
}

// Bytes of curl 7.88, with --socks5-hostname, --socks5, --socks4a and --socks4.
const (
	curlGreeting = "\x05\x02\x00\x02"
	curlName     = "\x05\x01\x00\x03\x09site.test\x01\xbb"
	curlAddress  = "\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb"
	curl4a       = "\x04\x01\x01\xbb\x00\x00\x00\x01\x00site.test\x00"
	curl4        = "\x04\x01\x01\xbb\x7f\x00\x00\x01\x00"
)

// parsed reads a request of either version.
func parsed(b string) (socks.Request, int, error) {
	if b != "" && b[0] == socks.Version4 {
		return socks.ParseRequest4([]byte(b))
	}
	return socks.ParseRequest5([]byte(b))
}

var _ = Describe("a greeting", func() {
	It("has the client's methods", func() {
		methods, n, err := socks.ParseGreeting([]byte(curlGreeting + "more"))
		Expect(err).NotTo(HaveOccurred())
		Expect(methods).To(Equal([]byte{socks.NoAuthentication, 2}))
		Expect(n).To(Equal(len(curlGreeting)))
		Expect(socks.AppendMethod(nil, 0)).To(Equal([]byte{5, 0}))
	})
})

var _ = DescribeTable("a request",
	func(b string, want socks.Request) {
		got, n, err := parsed(b + "more")
		Expect(err).NotTo(HaveOccurred())
		Expect(got).To(Equal(want))
		Expect(n).To(Equal(len(b)))
		for i := range len(b) {
			_, _, err := parsed(b[:i])
			Expect(errors.Is(err, wire.ErrShort)).To(BeTrue(), "%d bytes: %v", i, err)
		}
	},
	Entry("of 5 for a name", curlName, socks.Request{Version: 5, Command: socks.Connect, Host: "site.test", Port: 443}),
	Entry("of 5 for an address", curlAddress, socks.Request{Version: 5, Command: socks.Connect, Host: "127.0.0.1", Port: 443}),
	Entry("of 5 for an IPv6 address", "\x05\x01\x00\x04"+"\x20\x01\x0d\xb8"+"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20"+"\x00\x50", socks.Request{Version: 5, Command: socks.Connect, Host: "2001:db8::20", Port: 80}),
	Entry("of 5 for UDP", "\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00", socks.Request{Version: 5, Command: socks.Associate, Host: "0.0.0.0"}),
	Entry("of 4a", curl4a, socks.Request{Version: 4, Command: socks.Connect, Host: "site.test", Port: 443}),
	Entry("of 4, with a user", "\x04\x01\x01\xbb\x7f\x00\x00\x01me\x00", socks.Request{Version: 4, Command: socks.Connect, Host: "127.0.0.1", Port: 443, User: "me"}),
	Entry("of 4", curl4, socks.Request{Version: 4, Command: socks.Connect, Host: "127.0.0.1", Port: 443}),
)

var _ = DescribeTable("what is no request says so",
	func(b, want string) {
		_, _, err := parsed(b)
		Expect(err).To(MatchError(want))
		Expect(errors.Is(err, wire.ErrShort)).To(BeFalse())
	},
	Entry(nil, "\x06\x01\x00\x01", "SOCKS 5 request: version at byte 0: got 6, want 5"),
	Entry(nil, "\x05\x01\x00\x02", "SOCKS 5 request: address type at byte 3: got 2, want 1, 3 or 4"),
	Entry(nil, "\x05\x01\x00\x03\x01 \x00\x50", `SOCKS 5 request: name at byte 7: got " ", want a host name`),
	Entry(nil, "\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x00", "SOCKS 5 request: port at byte 9: got 0, want 1 to 65535"),
)

var _ = DescribeTable("a reply",
	func(y socks.Reply, version uint8, bound string, want string) {
		var at netip.AddrPort
		if bound != "" {
			at = netip.MustParseAddrPort(bound)
		}
		Expect(string(y.Append(nil, version, at))).To(Equal(want))
	},
	Entry("of 5", socks.Succeeded, uint8(5), "127.0.0.1:443", "\x05\x00\x00\x01\x7f\x00\x00\x01\x01\xbb"),
	Entry("of 5, IPv6", socks.Succeeded, uint8(5), "[::1]:80", "\x05\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x50"),
	Entry("of 5, no", socks.NotAllowed, uint8(5), "", "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"),
	Entry("of 4", socks.Succeeded, uint8(4), "127.0.0.1:443", "\x00\x5a\x01\xbb\x7f\x00\x00\x01"),
	Entry("of 4, no", socks.Refused, uint8(4), "", "\x00\x5b\x00\x00\x00\x00\x00\x00"),
)

func FuzzRequests(f *testing.F) {
	for _, seed := range []string{curlGreeting, curlName, curlAddress, curl4a, curl4, ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, n, err := socks.ParseGreeting(b); err == nil && n > len(b) {
			t.Fatalf("greeting takes %d of %d bytes", n, len(b))
		}
		q, n, err := parsed(string(b))
		if err == nil && (n > len(b) || q.Host == "") {
			t.Fatalf("%d of %d bytes, %+v", n, len(b), q)
		}
		if len(b) > 1024 && errors.Is(err, wire.ErrShort) {
			t.Fatalf("%d bytes are not enough", len(b))
		}
	})
}
