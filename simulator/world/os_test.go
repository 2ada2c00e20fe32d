package world_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/world"
)

var _ = Describe("the machine's own host", func() {
	It("dials and resolves the names of its hosts file without asking anybody", func(ctx context.Context) {
		h := world.OS{Hosts: map[string]netip.Addr{"sip.example.com": netip.MustParseAddr("127.0.0.1")}}
		l, err := h.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		Expect(h.Resolve(ctx, "SIP.example.com.")).To(Equal([]netip.Addr{h.Addr()}))
		go func() {
			if c, err := l.Accept(); err == nil {
				io.WriteString(c, "hello")
				c.Close()
			}
		}()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c, err := h.Dial(ctx, "tcp", "sip.example.com:"+port)
		Expect(err).NotTo(HaveOccurred())
		defer c.Close()
		Expect(io.ReadAll(c)).To(BeEquivalentTo("hello"))
		Expect(c).To(BeAssignableToTypeOf(&net.TCPConn{}))
	})

	It("says that nobody listens", func(ctx context.Context) {
		h := world.OS{}
		l, err := h.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		l.Close()
		_, err = h.Dial(ctx, "tcp", l.Addr().String())
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
	})
})
