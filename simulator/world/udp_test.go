package world_test

import (
	"context"
	"net"
	"os"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/world"
)

// arrivals sends count datagrams from alice to the server and says which came.
func arrivals(n net3, count byte) (came []byte) {
	GinkgoHelper()
	edge := n.packets(n.server, ":3478")
	defer edge.Close()
	c, err := n.alice.Dial(context.Background(), "udp", "10.2.0.1:3478")
	Expect(err).NotTo(HaveOccurred())
	defer c.Close()
	b := make([]byte, 1)
	for i := range count {
		Expect(c.Write([]byte{i})).To(Equal(1))
		edge.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, _, err := edge.ReadFrom(b); err == nil {
			came = append(came, b[0])
		}
	}
	return came
}

var _ = Describe("UDP", func() {
	inBothWorlds("carries datagrams both ways with the world's addresses", func(n net3) {
		edge := n.packets(n.server, ":3478")
		c, err := n.alice.Dial(context.Background(), "udp", "sip.contoso.test:3478")
		Expect(err).NotTo(HaveOccurred())
		write(c, "binding request")
		b := make([]byte, 100)
		k, from, err := edge.ReadFrom(b)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(b[:k])).To(Equal("binding request"))
		Expect(from.String()).To(Equal("10.1.0.11:49152"))
		Expect(c.LocalAddr().String()).To(Equal(from.String()))
		Expect(edge.WriteTo([]byte("response"), from)).To(Equal(8))
		k, err = c.Read(b)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(b[:k])).To(Equal("response"))
		Expect(c.RemoteAddr().String()).To(Equal("10.2.0.1:3478"))
	})

	inBothWorlds("cuts a datagram that is longer than the buffer", func(n net3) {
		edge := n.packets(n.server, ":3478")
		alice := n.packets(n.alice, ":0")
		_, err := alice.WriteTo([]byte("0123456789"), &net.UDPAddr{IP: net.IPv4(10, 2, 0, 1), Port: 3478})
		Expect(err).NotTo(HaveOccurred())
		b := make([]byte, 4)
		k, _, err := edge.ReadFrom(b)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(b[:k])).To(Equal("0123"))
	})

	inBothWorlds("tells a connected socket that a port is closed", func(n net3) {
		c, err := n.alice.Dial(context.Background(), "udp", "10.2.0.1:3478")
		Expect(err).NotTo(HaveOccurred())
		write(c, "x")
		_, err = c.Read(make([]byte, 1))
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
	})

	inBothWorlds("has deadlines and ends pending reads by Close", func(n net3) {
		s := n.packets(n.alice, ":5060")
		s.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _, err := s.ReadFrom(make([]byte, 1))
		Expect(err).To(MatchError(os.ErrDeadlineExceeded))
		s.SetReadDeadline(time.Time{})
		ended := make(chan error)
		go func() {
			_, _, err := s.ReadFrom(make([]byte, 1))
			ended <- err
		}()
		Expect(s.Close()).To(Succeed())
		Expect(<-ended).To(MatchError(net.ErrClosed))
	})

	inBothWorlds("has its port alone, beside TCP's", func(n net3) {
		n.packets(n.server, ":3478")
		n.listening(n.server, ":3478")
		_, err := n.server.ListenPacket("udp", ":3478")
		Expect(err).To(MatchError(syscall.EADDRINUSE))
	})

	inBothWorlds("drops what is too long for a datagram", func(n net3) {
		n.packets(n.server, ":3478")
		c, err := n.alice.Dial(context.Background(), "udp", "10.2.0.1:3478")
		Expect(err).NotTo(HaveOccurred())
		_, err = c.Write(make([]byte, 65508))
		Expect(err).To(MatchError(syscall.EMSGSIZE))
	})

	inBothWorlds("loses datagrams as the seed says", func(n net3) {
		lift := n.Impose(world.Fault{Kind: world.Loss, Host: "sip.contoso.test", Proto: "udp", Rate: 0.5})
		came := arrivals(n, 10)
		Expect(len(came)).To(And(BeNumerically(">", 0), BeNumerically("<", 10)))
		lift()
		Expect(arrivals(n, 10)).To(HaveLen(10))
	})

	inMemory("keeps the world's latency and the order", func(n net3) {
		edge := n.packets(n.server, ":3478")
		c, err := n.alice.Dial(context.Background(), "udp", "10.2.0.1:3478")
		Expect(err).NotTo(HaveOccurred())
		lift := n.Impose(world.Fault{Kind: world.Latency, Host: "alice", Delay: 50 * time.Millisecond})
		write(c, "slow")
		lift()
		write(c, "fast")
		began, b := time.Now(), make([]byte, 4)
		edge.ReadFrom(b)
		Expect(string(b)).To(Equal("fast"))
		Expect(time.Since(began)).To(Equal(time.Millisecond))
		edge.ReadFrom(b)
		Expect(string(b)).To(Equal("slow"))
		Expect(time.Since(began)).To(Equal(51 * time.Millisecond))
	})
})
