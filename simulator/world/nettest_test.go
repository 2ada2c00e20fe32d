package world_test

import (
	"net"
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
