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

// outerAddress is an IPv4 address of this machine that is not loopback.
func outerAddress() net.IP {
	GinkgoHelper()
	all, err := net.InterfaceAddrs()
	Expect(err).NotTo(HaveOccurred())
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP
		}
	}
	Skip("this machine has loopback addresses only")
	return nil
}

var _ = Describe("the machine's loopback network", func() {
	home := netip.MustParseAddr("127.0.0.1")

	It("shows everybody with the address that they have", func(ctx context.Context) {
		w := world.NewLocal()
		defer w.Close()
		h := w.Host("sip.test", home)
		l, err := h.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		here, err := net.Dial("tcp", l.Addr().String()) // somebody from elsewhere
		Expect(err).NotTo(HaveOccurred())
		defer here.Close()
		there, err := l.Accept()
		Expect(err).NotTo(HaveOccurred())
		defer there.Close()
		Expect(there.RemoteAddr().String()).To(Equal(here.LocalAddr().String()))
		Expect(there).To(BeAssignableToTypeOf(&net.TCPConn{}))
	})

	It("dials the names of its own", func(ctx context.Context) {
		w := world.NewLocal()
		defer w.Close()
		h := w.Host("sip.test", home)
		w.SetA("also.test", home)
		l, err := h.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				io.WriteString(c, "hello")
				c.Close()
			}
		}()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c, err := h.Dial(ctx, "tcp", "also.test:"+port)
		Expect(err).NotTo(HaveOccurred())
		defer c.Close()
		Expect(io.ReadAll(c)).To(BeEquivalentTo("hello"))
		_, err = h.Resolve(ctx, "other.test")
		Expect(err).To(MatchError(ContainSubstring("no such host")))
	})

	It("lets nothing leave the machine", func(ctx context.Context) {
		w := world.NewLocal()
		defer w.Close()
		h := w.Host("edge.test", home)
		_, err := h.Dial(ctx, "tcp", "192.0.2.1:443")
		Expect(err).To(MatchError(syscall.EHOSTUNREACH))
		p, err := h.ListenPacket("udp", ":0")
		Expect(err).NotTo(HaveOccurred())
		defer p.Close()
		Expect(p.WriteTo([]byte("lost"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9})).To(Equal(4))
		Expect(func() { w.Host("outside.test", netip.MustParseAddr("192.0.2.1")) }).To(PanicWith(ContainSubstring("no loopback address")))
	})

	It("does not hear the machine's other addresses", func(ctx context.Context) {
		other := outerAddress()
		w := world.NewLocal()
		defer w.Close()
		h := w.Host("edge.test", home)
		l, err := h.Listen("tcp", ":0")
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		accepted := make(chan net.Conn, 1)
		go func() {
			if c, err := l.Accept(); err == nil {
				accepted <- c
			}
		}()
		stranger, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: other}}).DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			Skip("the kernel lets other addresses not through to loopback: " + err.Error())
		}
		defer stranger.Close()
		Expect(io.ReadAll(stranger)).To(BeEmpty())
		friend, err := net.Dial("tcp", l.Addr().String())
		Expect(err).NotTo(HaveOccurred())
		defer friend.Close()
		there := <-accepted
		defer there.Close()
		Expect(there.RemoteAddr().String()).To(Equal(friend.LocalAddr().String()))
	})

	It("knows a port before anybody listens there", func() {
		w := world.NewLocal()
		defer w.Close()
		port, err := w.Hold(home)
		Expect(err).NotTo(HaveOccurred())
		l, err := w.Host("status.test", home).Listen("tcp", netip.AddrPortFrom(home, port).String())
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		Expect(l.Addr().(*net.TCPAddr).Port).To(BeEquivalentTo(port))
	})
})
