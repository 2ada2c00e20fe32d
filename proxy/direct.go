package proxy

import (
	"context"
	"net"
	"time"

	"rehearse/reports/journal"
)

// Direct is the interceptor that intercepts nothing: it carries a transparent
// client's bytes to where it dialled. It is the "no proxy at all" of a
// comparison.
type Direct struct {
	Host     Host
	Recorder journal.Recorder
	// Idle ends a connection on which nothing moves for so long; 0 means never.
	Idle time.Duration
}

// Serve implements Interceptor.
func (d Direct) Serve(ctx context.Context, client net.Conn, to Target) {
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	server, err := d.Host.Dial(ctx, "tcp", to.Dst.String())
	if err != nil {
		reset(client)
		return
	}
	defer server.Close()
	d.Recorder.Record(client.RemoteAddr().String(), d.Host.Name(), journal.FlowHandled{How: "tunnel", Protocol: "tcp", Upstream: to.Dst.String()})
	tunnel(newPeeked(client, nil), server, d.Idle)
}
