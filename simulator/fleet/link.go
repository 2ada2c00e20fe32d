package fleet

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Link is how to come to a server or a cluster.
type Link struct {
	// URL is nats://HOST:PORT or tls://HOST:PORT, or several with commas between.
	URL   string
	Token string
	// Credentials is a file of NATS credentials, where the cluster asks for those.
	Credentials string
	TLS         *tls.Config // nil is what the URL says
	// Name is how the cluster's own tools show this connection.
	Name string
}

// Dial connects to a server, and waits for one until ctx ends: a worker may be there
// first. A connection that breaks is made anew. Being refused is an error at once.
func (l Link) Dial(ctx context.Context) (*nats.Conn, error) {
	refused := make(chan error, 1)
	up := make(chan struct{})
	connected := sync.OnceFunc(func() { close(up) })
	opt := []nats.Option{
		nats.Name(l.Name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second),
		nats.ConnectHandler(func(*nats.Conn) { connected() }),
		nats.ClosedHandler(func(c *nats.Conn) {
			select {
			case refused <- fmt.Errorf("%s: %w", l.URL, c.LastError()):
			default:
			}
		}),
	}
	if l.Token != "" {
		opt = append(opt, nats.Token(l.Token))
	}
	if l.Credentials != "" {
		opt = append(opt, nats.UserCredentials(l.Credentials))
	}
	if l.TLS != nil {
		opt = append(opt, nats.Secure(l.TLS))
	}
	c, err := nats.Connect(l.URL, opt...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.URL, err)
	}
	if c.IsConnected() {
		return c, nil
	}
	select {
	case <-up:
		return c, nil
	case err = <-refused:
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.Close()
	return nil, err
}
