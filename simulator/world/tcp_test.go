package world_test

import (
	"bytes"
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

var _ = Describe("a TCP connection", func() {
	inBothWorlds("carries bytes both ways and shows the world's addresses", func(n net3) {
		client, server := n.connected()
		write(client, "ping")
		write(server, "pong")
		got := make([]byte, 4)
		Expect(io.ReadFull(server, got)).To(Equal(4))
		Expect(string(got)).To(Equal("ping"))
		Expect(io.ReadFull(client, got)).To(Equal(4))
		Expect(string(got)).To(Equal("pong"))
		Expect(client.LocalAddr().String()).To(Equal("10.1.0.11:49152"))
		Expect(client.RemoteAddr().String()).To(Equal("10.2.0.1:443"))
		Expect(server.LocalAddr()).To(Equal(client.RemoteAddr()))
		Expect(server.RemoteAddr()).To(Equal(client.LocalAddr()))
	})

	inBothWorlds("delivers what was written before FIN, then io.EOF", func(n net3) {
		client, server := n.connected()
		write(client, "last words")
		Expect(client.Close()).To(Succeed())
		Expect(readAll(server)).To(Equal("last words"))
	})

	inBothWorlds("tells RST from FIN", func(n net3) {
		client, server := n.connected()
		Expect(client.SetLinger(0)).To(Succeed())
		Expect(client.Close()).To(Succeed())
		err := failure(server)
		Expect(err).To(MatchError(syscall.ECONNRESET))
		Expect(err).To(BeAssignableToTypeOf(&net.OpError{}))
	})

	inMemory("takes bytes that were not read yet away by RST", func(n net3) {
		client, server := n.connected()
		write(client, "never read")
		client.SetLinger(0)
		client.Close()
		time.Sleep(time.Second)
		Expect(failure(server)).To(MatchError(syscall.ECONNRESET))
		_, err := server.Write([]byte("x"))
		Expect(err).To(MatchError(syscall.EPIPE))
	})

	inBothWorlds("keeps reading after CloseWrite", func(n net3) {
		client, server := n.connected()
		write(client, "question")
		Expect(client.CloseWrite()).To(Succeed())
		Expect(readAll(server)).To(Equal("question"))
		write(server, "answer")
		server.Close()
		Expect(readAll(client)).To(Equal("answer"))
		_, err := client.Write([]byte("more"))
		Expect(err).To(MatchError(syscall.EPIPE))
	})

	inBothWorlds("fails writes to a peer that has closed", func(n net3) {
		client, server := n.connected()
		server.Close()
		Eventually(func() error { // the first write is answered by RST
			_, err := client.Write([]byte("x"))
			return err
		}).Should(Or(MatchError(syscall.EPIPE), MatchError(syscall.ECONNRESET)))
	})

	inBothWorlds("fails its own calls after Close", func(n net3) {
		client, _ := n.connected()
		client.Close()
		_, err := client.Read(make([]byte, 1))
		Expect(err).To(MatchError(net.ErrClosed))
		_, err = client.Write([]byte("x"))
		Expect(err).To(MatchError(net.ErrClosed))
	})

	inBothWorlds("makes a writer wait for a reader, and loses nothing", func(n net3) {
		client, server := n.connected()
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		client.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		done := 0
		for done < len(sent) {
			k, err := client.Write(sent[done:min(done+1<<16, len(sent))])
			done += k
			if err != nil {
				Expect(err).To(MatchError(os.ErrDeadlineExceeded))
				break
			}
		}
		client.SetWriteDeadline(time.Time{})
		go func() {
			defer GinkgoRecover()
			_, err := client.Write(sent[done:])
			Expect(err).NotTo(HaveOccurred())
			client.Close()
		}()
		Expect(bytes.Equal([]byte(readAll(server)), sent)).To(BeTrue())
	})

	inBothWorlds("ends a read at its deadline", func(n net3) {
		client, _ := n.connected()
		client.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, err := client.Read(make([]byte, 1))
		Expect(err).To(MatchError(os.ErrDeadlineExceeded))
		Expect(err.(net.Error).Timeout()).To(BeTrue())
	})

	inMemory("takes the world's latency each way", func(n net3) {
		began := time.Now()
		client, server := n.connected()
		Expect(time.Since(began)).To(Equal(4 * time.Millisecond)) // look-up, SYN
		write(client, "x")
		Expect(io.ReadFull(server, make([]byte, 1))).To(Equal(1))
		Expect(time.Since(began)).To(Equal(5 * time.Millisecond))
	})

	inMemory("brings the RST that answers bytes for a closed connection", func(n net3) {
		client, server := n.connected()
		server.Close()
		write(client, "too late")
		time.Sleep(2 * time.Millisecond)
		Expect(failure(client)).To(MatchError(syscall.ECONNRESET))
	})
})

var _ = Describe("dialling", func() {
	inBothWorlds("is refused where nobody listens", func(n net3) {
		_, err := n.alice.Dial(context.Background(), "tcp", "sip.contoso.test:443")
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
		Expect(err).To(BeAssignableToTypeOf(&net.OpError{}))
	})

	inBothWorlds("fails for an address that no host has", func(n net3) {
		_, err := n.alice.Dial(context.Background(), "tcp", "10.9.9.9:443")
		Expect(err).To(MatchError(syscall.EHOSTUNREACH))
	})

	inBothWorlds("ends with its context", func(n net3) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		n.listening(n.server, ":443")
		_, err := n.alice.Dial(ctx, "tcp", "10.2.0.1:443")
		Expect(err).To(MatchError(context.Canceled))
	})

	inBothWorlds("tries a name's addresses in turn", func(n net3) {
		n.SetA("front.contoso.test", netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("10.2.0.2"))
		n.listening(n.server, "10.2.0.2:443")
		Expect(n.dial("front.contoso.test:443").RemoteAddr().String()).To(Equal("10.2.0.2:443"))
	})

	inBothWorlds("counts ports up for each host", func(n net3) {
		n.listening(n.server, ":443")
		for _, want := range []string{"10.1.0.11:49152", "10.1.0.11:49153", "10.1.0.11:49154"} {
			Expect(n.dial("10.2.0.1:443").LocalAddr().String()).To(Equal(want))
		}
	})

	inBothWorlds("does not work with words for a port or another network", func(n net3) {
		_, err := n.alice.Dial(context.Background(), "tcp", "10.2.0.1:https")
		Expect(err).To(MatchError(ContainSubstring("want a port from 1 to 65535")))
		_, err = n.alice.Dial(context.Background(), "unix", "10.2.0.1:443")
		Expect(err).To(MatchError(net.UnknownNetworkError("unix")))
	})
})

var _ = Describe("a listener", func() {
	inBothWorlds("has its port alone", func(n net3) {
		n.listening(n.server, ":443")
		_, err := n.server.Listen("tcp", ":443")
		Expect(err).To(MatchError(syscall.EADDRINUSE))
	})

	inBothWorlds("picks a port for :0", func(n net3) {
		Expect(n.listening(n.server, ":0").Addr().String()).To(Equal("10.2.0.1:49152"))
	})

	inBothWorlds("does not listen at another host's address", func(n net3) {
		_, err := n.server.Listen("tcp", "10.1.0.11:443")
		Expect(err).To(MatchError(syscall.EADDRNOTAVAIL))
	})

	inBothWorlds("gives its port back when closed, and ends Accept", func(n net3) {
		l := n.listening(n.server, ":443")
		ended := make(chan error)
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
		Expect(l.Close()).To(Succeed())
		Expect(<-ended).To(MatchError(net.ErrClosed))
		n.listening(n.server, ":443")
	})

	inBothWorlds("ends with the world, connections too", func(n net3) {
		client, server := n.connected()
		Expect(n.Close()).To(Succeed())
		for _, c := range []net.Conn{client, server} {
			_, err := c.Read(make([]byte, 1))
			Expect(err).To(HaveOccurred())
		}
		_, err := n.alice.Dial(context.Background(), "tcp", "10.2.0.1:443")
		Expect(err).To(HaveOccurred())
		_, err = n.server.Listen("tcp", ":80")
		Expect(err).To(HaveOccurred())
	})
})

var _ = Describe("transparent interception", func() {
	inBothWorlds("brings a dial to another host, which sees where it was meant to go", func(n net3) {
		here := n.listening(n.appliance, ":8443")
		there := n.listening(n.server, ":443")
		undo := n.Redirect(n.alice, func(dst netip.AddrPort) bool { return dst.Port() == 443 }, n.appliance, 8443)
		client := n.dial("sip.contoso.test:443")
		got := accept(here)
		write(client, "hello")
		client.Close()
		Expect(readAll(got)).To(Equal("hello"))
		Expect(got.(world.Redirected).OriginalDst()).To(Equal(netip.MustParseAddrPort("10.2.0.1:443")))
		Expect(got.LocalAddr().String()).To(Equal("10.2.0.1:443"))
		Expect(got.RemoteAddr().String()).To(Equal("10.1.0.11:49152"))

		By("leaving other hosts and other ports alone")
		_, err := n.appliance.Dial(context.Background(), "tcp", "10.2.0.1:443")
		Expect(err).NotTo(HaveOccurred())
		Expect(accept(there).RemoteAddr().String()).To(HavePrefix("10.3.0.1:"))
		_, err = n.alice.Dial(context.Background(), "tcp", "10.2.0.1:80")
		Expect(err).To(MatchError(syscall.ECONNREFUSED))

		By("undoing it")
		undo()
		n.dial("10.2.0.1:443")
		_, redirected := accept(there).(world.Redirected)
		Expect(redirected).To(BeFalse())
	})
})
