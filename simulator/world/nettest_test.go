package world_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/nettest"

	"rehearse/simulator/world"
)

func TestPipeIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		c1, c2 = world.Pipe()
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
}

func TestConnectionsAreNetConns(t *testing.T) {
	for name, make := range map[string]func() world.World{
		"memory":   func() world.World { return world.NewMemory(world.Config{}) },
		"loopback": func() world.World { return world.NewLoopback(world.Config{}) },
	} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				w := make()
				c1, c2, err = dialled(w)
				return c1, c2, func() { w.Close() }, err
			})
		})
	}
}

// dialled is a connection of two hosts of a world, both ends.
func dialled(w world.World) (client, server net.Conn, err error) {
	l, err := w.Host("server", netip.MustParseAddr("10.2.0.1")).Listen("tcp", ":443")
	if err != nil {
		return nil, nil, err
	}
	client, err = w.Host("client", netip.MustParseAddr("10.1.0.1")).Dial(context.Background(), "tcp", "10.2.0.1:443")
	if err != nil {
		return nil, nil, err
	}
	server, err = l.Accept()
	return client, server, err
}
