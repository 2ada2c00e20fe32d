package foreign

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"rehearse/proxy/emulate"
	"rehearse/simulator/world"
)

// Config says which interceptor, and how it gets to the servers.
type Config struct {
	// At is where the interceptor listens.
	At netip.AddrPort
	// CA are the certificates that its clients trust beside the public ones.
	CA []*x509.Certificate
	// Transparent: clients know of no proxy, and the system's own rules lead them to
	// the interceptor. Their places are plain.
	Transparent bool
	// Plain: the servers are at addresses of their own; see the package's comment.
	Plain bool
	// Exit is where the proxy into the world listens; invalid is nowhere.
	Exit netip.AddrPort
	// Root is that of the public PKI, which the interceptor trusts; nil is another
	// one in each place.
	Root *emulate.Authority
}

// Interceptor is one that is there. It is safe for concurrent use, but has one Place
// at a time.
type Interceptor struct {
	conf  Config
	exit  *exit // nil without one
	sites map[string]netip.Addr
}

// patience is how long an interceptor may take to accept a connection at the start.
const patience = 5 * time.Second

// Open sees whether the interceptor is there, and opens the way to the servers. End
// it with Close.
func Open(ctx context.Context, c Config) (*Interceptor, error) {
	c.Plain = c.Plain || c.Transparent
	if !c.Plain && !c.Exit.IsValid() {
		return nil, errors.New("foreign: there is no way from the interceptor to the servers; want Exit or Plain")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	probe, err := new(net.Dialer).DialContext(ctx, "tcp", c.At.String())
	switch {
	case err == nil:
		probe.Close()
	case !errors.Is(err, syscall.ECONNRESET): // who resets what was not redirected is there
		return nil, fmt.Errorf("no interceptor accepts connections: %w", err)
	}
	i := &Interceptor{conf: c, sites: map[string]netip.Addr{}}
	if c.Plain { // better now than in the midst of a run
		first, err := i.Enter("interceptor")
		if err != nil {
			return nil, err
		}
		first.Close()
	}
	if c.Exit.IsValid() {
		if i.exit, err = openExit(c.Exit, c.At.Addr()); err != nil {
			return nil, fmt.Errorf("the proxy into the simulated world: %w", err)
		}
	}
	return i, nil
}

// Close ends what Open opened.
func (i *Interceptor) Close() error {
	if i.exit == nil {
		return nil
	}
	return i.exit.Close()
}

// At is where the interceptor listens.
func (i *Interceptor) At() netip.AddrPort { return i.conf.At }

// CA are the certificates that clients trust for its sake.
func (i *Interceptor) CA() []*x509.Certificate { return i.conf.CA }

// Root is that of the public PKI; nil is another one in each place.
func (i *Interceptor) Root() *emulate.Authority { return i.conf.Root }

// Transparent says whether clients come to the interceptor without knowing.
func (i *Interceptor) Transparent() bool { return i.conf.Transparent }

// siteAddr is the address of a server beside the estate in plain places: always the
// same one for a name, so that no interceptor remembers a wrong one.
func (i *Interceptor) siteAddr(host string) netip.Addr {
	if a, ok := i.sites[host]; ok {
		return a
	}
	n := len(i.sites)
	a := netip.AddrFrom4([4]byte{127, 112, byte(2 + n/250), byte(1 + n%250)})
	i.sites[host] = a
	return a
}

// lowPorts explains a port that could not be bound.
func lowPorts(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the servers need ports below 1024, which are not for everybody on this system: %w", err)
	}
	return err
}

// current is the host from which the exit goes on, nil between places.
type current = atomic.Pointer[world.Host]
