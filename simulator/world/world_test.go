package world_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestWorld(t *testing.T) { worldtest.Suite(t, "world") }

// inBothWorlds holds the in-memory world and its loopback twin to one spec.
func inBothWorlds(text string, spec func(n net3)) {
	GinkgoHelper()
	It(text+" (memory)", func() {
		worldtest.World(GinkgoTB(), world.Config{Seed: 1}, func(w *world.Memory) { spec(newNet3(w)) })
	})
	It(text+" (loopback)", func() {
		w := world.NewLoopback(world.Config{Seed: 1})
		defer w.Close()
		spec(newNet3(w))
	})
}

// inMemory is for what only virtual time can show.
func inMemory(text string, spec func(n net3)) {
	GinkgoHelper()
	It(text, func() {
		worldtest.World(GinkgoTB(), world.Config{Seed: 1}, func(w *world.Memory) { spec(newNet3(w)) })
	})
}

// net3 is a world of three hosts.
type net3 struct {
	world.World
	alice, server, appliance world.Host
}

func newNet3(w world.World) net3 {
	return net3{
		World:     w,
		alice:     w.Host("alice", netip.MustParseAddr("10.1.0.11")),
		server:    w.Host("sip.contoso.test", netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("10.2.0.2")),
		appliance: w.Host("appliance", netip.MustParseAddr("10.3.0.1")),
	}
}

// connected is a connection from alice to port 443 of the server, both ends.
func (n net3) connected() (client, server world.Conn) {
	GinkgoHelper()
	l := n.listening(n.server, ":443")
	return n.dial("sip.contoso.test:443").(world.Conn), accept(l).(world.Conn)
}

func (n net3) listening(h world.Host, addr string) net.Listener {
	GinkgoHelper()
	l, err := h.Listen("tcp", addr)
	Expect(err).NotTo(HaveOccurred())
	return l
}

func (n net3) packets(h world.Host, addr string) net.PacketConn {
	GinkgoHelper()
	pc, err := h.ListenPacket("udp", addr)
	Expect(err).NotTo(HaveOccurred())
	return pc
}

func (n net3) dial(addr string) net.Conn {
	GinkgoHelper()
	c, err := n.alice.Dial(context.Background(), "tcp", addr)
	Expect(err).NotTo(HaveOccurred())
	return c
}

func accept(l net.Listener) net.Conn {
	GinkgoHelper()
	c, err := l.Accept()
	Expect(err).NotTo(HaveOccurred())
	return c
}

func write(c io.Writer, s string) {
	GinkgoHelper()
	_, err := io.WriteString(c, s)
	Expect(err).NotTo(HaveOccurred())
}

func readAll(c io.Reader) string {
	GinkgoHelper()
	b, err := io.ReadAll(c)
	Expect(err).NotTo(HaveOccurred())
	return string(b)
}

// failure reads until the connection fails, and gives the error.
func failure(c io.Reader) error {
	_, err := io.Copy(io.Discard, c)
	return err
}
