package world_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"rehearse/simulator/world"
)

// The floors (net.Pipe, a bare loopback socket) run in the same run, so that the
// numbers can be laid side by side on any machine.

func BenchmarkBulk(b *testing.B) {
	b.Run("world.Pipe", func(b *testing.B) {
		x, y := world.Pipe()
		bulk(b, x, y)
	})
	b.Run("net.Pipe", func(b *testing.B) {
		x, y := net.Pipe()
		bulk(b, x, y)
	})
	b.Run("tcp", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		x, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		y, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		bulk(b, x, y)
	})
}

// bulk copies 16 KiB pieces, the size of a TLS record.
func bulk(b *testing.B, x, y net.Conn) {
	const piece = 16 << 10
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{y}, make([]byte, 32<<10))
	}()
	buf := make([]byte, piece)
	b.SetBytes(piece)
	for b.Loop() {
		if _, err := x.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	x.Close()
	<-done
	y.Close()
}

func BenchmarkDialAndRoundTrip(b *testing.B) {
	b.Run("memory", func(b *testing.B) {
		w := world.NewMemory(world.Config{Latency: -1})
		defer w.Close()
		dials(b, w)
	})
	b.Run("loopback", func(b *testing.B) {
		w := world.NewLoopback(world.Config{})
		defer w.Close()
		dials(b, w)
	})
	b.Run("tcp", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		roundTrips(b, l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) })
	})
}

func dials(b *testing.B, w world.World) {
	client := w.Host("client", netip.MustParseAddr("10.1.0.1"))
	l, err := w.Host("server", netip.MustParseAddr("10.2.0.1")).Listen("tcp", ":443")
	if err != nil {
		b.Fatal(err)
	}
	roundTrips(b, l, func() (net.Conn, error) { return client.Dial(context.Background(), "tcp", "server:443") })
}

func roundTrips(b *testing.B, l net.Listener, dial func() (net.Conn, error)) {
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	buf := make([]byte, 64)
	for b.Loop() {
		c, err := dial()
		if err != nil {
			b.Fatal(err)
		}
		c.Write(buf)
		if _, err := io.ReadFull(c, buf); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
