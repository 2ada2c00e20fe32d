package world_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/world"
)

var _ = Describe("a reset", func() {
	inBothWorlds("refuses dials and breaks open connections at both ends", func(n net3) {
		client, server := n.connected()
		lift := n.Impose(world.Fault{Kind: world.Reset, Host: "sip.contoso.test", Port: 443})
		Expect(failure(client)).To(MatchError(syscall.ECONNRESET))
		Expect(failure(server)).To(MatchError(syscall.ECONNRESET))
		_, err := n.alice.Dial(context.Background(), "tcp", "10.2.0.1:443")
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
		lift()
		n.dial("10.2.0.1:443")
	})

	inBothWorlds("leaves other ports, hosts and peers alone", func(n net3) {
		client, server := n.connected()
		n.Impose(world.Fault{Kind: world.Reset, Host: "sip.contoso.test", Port: 80})
		n.Impose(world.Fault{Kind: world.Reset, Host: "appliance"})
		n.Impose(world.Fault{Kind: world.Reset, Host: "sip.contoso.test", Peer: "appliance"})
		n.Impose(world.Fault{Kind: world.Reset, Host: "sip.contoso.test", Proto: "udp"})
		write(client, "x")
		Expect(io.ReadFull(server, make([]byte, 1))).To(Equal(1))
	})

	inBothWorlds("finds a host by any name that leads to it", func(n net3) {
		n.SetA("access.contoso.test", netip.MustParseAddr("10.2.0.2"))
		n.listening(n.server, ":443")
		n.Impose(world.Fault{Kind: world.Reset, Host: "access.contoso.test"})
		_, err := n.alice.Dial(context.Background(), "tcp", "10.2.0.1:443")
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
	})
})

var _ = Describe("a blackhole", func() {
	inBothWorlds("lets dials wait for their context", func(n net3) {
		n.listening(n.server, ":443")
		lift := n.Impose(world.Fault{Kind: world.Blackhole, Host: "sip.contoso.test"})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		_, err := n.alice.Dial(ctx, "tcp", "10.2.0.1:443")
		Expect(err).To(MatchError(context.DeadlineExceeded))
		lift()
		n.dial("10.2.0.1:443")
	})

	inBothWorlds("holds what is written to open connections until it is lifted", func(n net3) {
		client, server := n.connected()
		lift := n.Impose(world.Fault{Kind: world.Blackhole, Host: "sip.contoso.test"})
		written := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(written)
			write(client, "held")
		}()
		server.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err := server.Read(make([]byte, 4))
		Expect(err).To(MatchError(os.ErrDeadlineExceeded))
		lift()
		server.SetReadDeadline(time.Time{})
		Expect(io.ReadFull(server, make([]byte, 4))).To(Equal(4))
		<-written
	})

	inMemory("ends a dial after two minutes", func(n net3) {
		n.Impose(world.Fault{Kind: world.Blackhole, Host: "alice"})
		began := time.Now()
		_, err := n.alice.Dial(context.Background(), "tcp", "10.2.0.1:443")
		Expect(err).To(MatchError(syscall.ETIMEDOUT))
		Expect(time.Since(began)).To(Equal(2 * time.Minute))
	})

	inMemory("lets a dial through that is still trying when it is lifted", func(n net3) {
		n.listening(n.server, ":443")
		lift := n.Impose(world.Fault{Kind: world.Blackhole, Host: "alice"})
		time.AfterFunc(2*time.Second, lift)
		began := time.Now()
		n.dial("10.2.0.1:443")
		Expect(time.Since(began)).To(Equal(3*time.Second + 2*time.Millisecond)) // SYN again after 1 s and 2 s more
	})

	inMemory("swallows what was under way, and ends a sender that gets no answer", func(n net3) {
		client, server := n.connected()
		write(client, "under way")
		n.Impose(world.Fault{Kind: world.Blackhole, Host: "sip.contoso.test"})
		write(client, "more")
		client.Close()
		server.SetReadDeadline(time.Now().Add(time.Hour))
		_, err := server.Read(make([]byte, 1))
		Expect(err).To(MatchError(os.ErrDeadlineExceeded))
		write(server, "anybody?")
		server.SetReadDeadline(time.Time{})
		began := time.Now()
		_, err = server.Read(make([]byte, 1))
		Expect(err).To(MatchError(syscall.ETIMEDOUT))
		Expect(time.Since(began)).To(Equal(2 * time.Minute))
	})

	inBothWorlds("swallows datagrams", func(n net3) {
		n.Impose(world.Fault{Kind: world.Blackhole, Host: "sip.contoso.test", Port: 3478, Proto: "udp"})
		Expect(arrivals(n, 2)).To(BeEmpty())
	})
})

var _ = Describe("latency", func() {
	inMemory("delays a dial and what is written, and keeps the order when lifted", func(n net3) {
		lift := n.Impose(world.Fault{Kind: world.Latency, Host: "sip.contoso.test", Delay: 99 * time.Millisecond})
		began := time.Now()
		client, server := n.connected()
		Expect(time.Since(began)).To(Equal(202 * time.Millisecond)) // look-up 2, SYN 200
		write(client, "a")
		lift()
		write(client, "b")
		b := make([]byte, 2)
		Expect(io.ReadFull(server, b)).To(Equal(2))
		Expect(string(b)).To(Equal("ab"))
		Expect(time.Since(began)).To(Equal(302 * time.Millisecond))
	})
})

var _ = Describe("loss", func() {
	inMemory("delays TCP by retransmissions and loses nothing", func(n net3) {
		client, server := n.connected()
		n.Impose(world.Fault{Kind: world.Loss, Host: "sip.contoso.test", Rate: 0.5})
		began := time.Now()
		go func() {
			for range 20 {
				client.Write([]byte("0123456789"))
			}
			client.Close()
		}()
		Expect(readAll(server)).To(HaveLen(200))
		Expect(time.Since(began)).To(BeNumerically(">", 200*time.Millisecond))
	})

	inMemory("that is total ends when it is lifted", func(n net3) {
		client, server := n.connected()
		lift := n.Impose(world.Fault{Kind: world.Loss, Host: "alice", Rate: 1})
		write(client, "x")
		time.Sleep(time.Minute)
		lift()
		began := time.Now()
		Expect(io.ReadFull(server, make([]byte, 1))).To(Equal(1))
		Expect(time.Since(began)).To(Equal(time.Millisecond))
	})

	It("is the same in two runs with one seed", func() {
		run := func() []byte {
			w := world.NewMemory(world.Config{Latency: -1, Seed: 7})
			defer w.Close()
			n := newNet3(w)
			w.Impose(world.Fault{Kind: world.Loss, Host: "alice", Rate: 0.5})
			return arrivals(n, 10)
		}
		Expect(run()).To(Equal(run()))
	})
})

var _ = Describe("a loopback world", func() {
	It("lets foreign clients in, under their own address", func() {
		w := world.NewLoopback(world.Config{})
		defer w.Close()
		n := newNet3(w)
		l := n.listening(n.server, ":443")
		real, ok := w.Socket("tcp", netip.MustParseAddrPort("10.2.0.1:443"))
		Expect(ok).To(BeTrue())
		Expect(real.Addr().IsLoopback()).To(BeTrue())
		c, err := net.Dial("tcp", real.String())
		Expect(err).NotTo(HaveOccurred())
		defer c.Close()
		got := accept(l)
		Expect(got.RemoteAddr().String()).To(Equal(c.LocalAddr().String()))
		write(c, "x")
		Expect(io.ReadFull(got, make([]byte, 1))).To(Equal(1))
	})
})
