// Package proxy is the reference interceptor: a model of a TLS-intercepting
// proxy of the ProxySG kind that walks each flow through named stages.
//
// In comes a client's connection and how it got here (the service, the original
// destination); out goes whatever policy and the release make of it: a tunnel of
// untouched bytes, a relay of decrypted ones, HTTP requests one by one, an
// exception page, a close. Each stage does one blocking thing, records one event
// and returns the next stage; everything that decides (detectors, policy,
// emulation, revocation) lives in the packages below and never sees a
// connection.
package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
)

// Host is what the interceptor needs of the network it stands in.
type Host interface {
	// Name is the interceptor's host name, its actor name in the journal.
	Name() string
	// Dial connects to "host:port" over "tcp".
	Dial(ctx context.Context, network, addr string) (net.Conn, error)
	// Resolve looks up the addresses of a name; unknown names give a *net.DNSError.
	Resolve(ctx context.Context, name string) ([]netip.Addr, error)
}

// Interceptor stands between clients and origins. Serve owns the client's
// connection and returns when the flow has ended.
type Interceptor interface {
	Serve(ctx context.Context, client net.Conn, to Target)
}

// Config is how an interceptor is set up. All fields but Recorder, Behaviour and
// the times are needed.
type Config struct {
	Host    Host
	Release cpl.Release
	Policy  *policy.Policy
	Forge   *emulate.Forge // emulated certificates
	// Roots are the authorities that the origin's certificates must lead to.
	Roots    *x509.CertPool
	Now      func() time.Time // for certificates and policy
	Recorder journal.Recorder // nil: nothing is recorded
	// Revocation judges the origin's certificate; Modelled: missing information
	// is overlooked, "revoked" and "unknown" are not (KB 171148).
	Revocation revocation.Behaviour
	// DetectTimeout is how long detection waits for a client that says nothing;
	// 0 means 2 s. Modelled: Q25.
	DetectTimeout time.Duration
	// DialTimeout bounds connecting to an origin, TLS included; 0 means 30 s.
	DialTimeout time.Duration
	// Categories gives the categories of a host beside those that policy defines.
	Categories func(host string) []string
	// Identify gives the authenticated user of a client address.
	Identify func(client netip.Addr) Identity
	// AccessLog gets the record of every transaction that policy lets be logged; nil
	// keeps none.
	AccessLog AccessLog
	// Limits keep a client from using the interceptor up.
	Limits Limits
	// MinTLS is the lowest TLS version on both sides, of package crypto/tls; 0 means
	// TLS 1.0 with the cipher suites of today. One below TLS 1.2 brings back those
	// that only old peers need.
	MinTLS uint16
	// Resume lets TLS sessions be resumed: clients get tickets and origins are offered
	// theirs. Without it every connection shakes hands in full.
	Resume bool
	// Keyrings are the certificates with which origins that ask for one are answered,
	// by the names that policy gives in server.connection.client_keyring.
	Keyrings map[string]*tls.Certificate
	// Count gets every event as Recorder does, but is no reason to explain decisions or
	// to read what could be copied: it misses which rules matched, and requests that
	// nobody reads. It is called from the flows' goroutines. Nil: nobody counts.
	Count func(journal.Body)
	// Traced gets the transactions that policy wants a trace of, at their ends, as
	// Finished does. Nil: nobody asks.
	Traced func(policy.Trace)
	// Finished gets every transaction at its end, with the last evaluation of
	// policy for it, also where policy asks for no trace (Decision.Tracing says
	// so). It is called from the flows' goroutines. Nil: nobody asks.
	Finished func(policy.Trace)
	// KeyLog gets the secrets of all TLS connections on both sides, in the format of
	// SSLKEYLOGFILE; nil keeps them.
	KeyLog io.Writer
}

// Identity is who is behind a client address. The zero value is nobody: no
// authentication took place.
type Identity struct {
	User, Realm string
	Groups      []string
}

// Proxy is the reference interceptor. It is safe for concurrent use; make one
// with New, end it with Close.
type Proxy struct {
	conf    Config
	policy  atomic.Pointer[installed]
	cache   revocation.Cache
	paths   paths
	fetcher revocation.Fetcher
	numbers atomic.Uint64 // of flows
	// tickets seals the sessions of clients, sessions keeps those with origins.
	tickets   tls.Config
	sessions  tls.ClientSessionCache
	oldSuites []uint16
	suites    map[uint16]string // names of cipher suites
	writers   sync.Pool         // of *bufio.Writer
	buffers   buffers
	readers   readers
	// silent counts the flows that ended before there was anything to log.
	silent atomic.Int64
	// received and sent are the bytes of clients' connections that have ended.
	received, sent atomic.Int64
	// transactions numbers them, from 1.
	transactions atomic.Int64

	mu       sync.Mutex
	flows    map[*flow]struct{}
	closed   bool
	draining atomic.Bool
	wait     sync.WaitGroup
}

// New makes an interceptor.
func New(conf Config) *Proxy {
	if conf.Recorder == nil {
		conf.Recorder = journal.Discard
	}
	if conf.DetectTimeout == 0 {
		conf.DetectTimeout = 2 * time.Second
	}
	if conf.DialTimeout == 0 {
		conf.DialTimeout = 30 * time.Second
	}
	transport := &http.Transport{DialContext: conf.Host.Dial, DisableKeepAlives: true}
	p := &Proxy{conf: conf, fetcher: revocation.HTTPFetcher{Transport: transport}, flows: map[*flow]struct{}{}}
	p.tickets.Time = conf.Now
	p.sessions, p.oldSuites, p.suites = tls.NewLRUClientSessionCache(sessionsKept), allSuites(), map[uint16]string{}
	for _, id := range p.oldSuites {
		p.suites[id] = tls.CipherSuiteName(id)
	}
	p.Install(conf.Policy)
	return p
}

// installed is a policy in force, with what is to be known of it for every flow.
type installed struct {
	*policy.Policy
	traces bool // some rule asks for a trace
	shakes bool // some rule is about the handshake with the origin
}

// Install puts another policy in force. Flows that are under way keep theirs.
func (p *Proxy) Install(pol *policy.Policy) {
	p.policy.Store(&installed{
		Policy: pol, traces: pol.Sets("trace.request"),
		shakes: pol.Sets("server.connection.client_keyring") || pol.Sets("http2.client.accept"),
	})
}

// Forge is the maker of emulated certificates, for revoking and flushing them.
func (p *Proxy) Forge() *emulate.Forge { return p.conf.Forge }

// Serve walks a client's connection through the stages until it ends.
func (p *Proxy) Serve(ctx context.Context, client net.Conn, to Target) {
	f := p.begin(ctx, client, to)
	if f == nil {
		reset(client)
		return
	}
	defer p.end(f)
	for stage := start; stage != nil; {
		stage = stage(f)
	}
}

// Listen takes connections of one service until the listener is closed.
func (p *Proxy) Listen(ctx context.Context, l net.Listener, s Service) error {
	return Listen(ctx, l, s, func() Interceptor { return p })
}

// Listen takes connections of one service until the listener is closed and hands
// each to the interceptor that is in place at that moment.
func Listen(ctx context.Context, l net.Listener, s Service, in func() Interceptor) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		to := Target{Service: s}
		if r, ok := c.(interface{ OriginalDst() netip.AddrPort }); ok {
			to.Dst = r.OriginalDst()
		}
		go in().Serve(ctx, c, to)
	}
}

// Close resets every flow, as a restart of the appliance does, and waits until
// they have ended.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for f := range p.flows {
		f.abort()
	}
	p.mu.Unlock()
	p.wait.Wait()
	return nil
}

// Drain ends the flows that wait for a request and lets the others finish, until ctx
// ends; then it is Close. HTTP clients are told with the next response that their
// connection ends.
func (p *Proxy) Drain(ctx context.Context) error {
	p.draining.Store(true)
	p.mu.Lock()
	for f := range p.flows {
		f.endIdle()
	}
	p.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		p.wait.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return p.Close()
}

func (p *Proxy) begin(ctx context.Context, client net.Conn, to Target) *flow {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	f := newFlow(p, ctx, client, to)
	p.flows[f] = struct{}{}
	p.wait.Add(1)
	return f
}

// Carried is how many bytes came from clients and went to them, on connections that have
// ended.
func (p *Proxy) Carried() (in, out int64) { return p.received.Load(), p.sent.Load() }

// Silent is how many connections have ended that no access log has a record of, though
// there are logs: whose clients asked for nothing.
func (p *Proxy) Silent() int64 { return p.silent.Load() }

func (p *Proxy) end(f *flow) {
	f.logEnd()
	if p.conf.AccessLog != nil && !f.logged {
		p.silent.Add(1)
	}
	f.close()
	p.received.Add(f.client.in)
	p.sent.Add(f.client.out)
	f.endTransactions()
	p.mu.Lock()
	delete(p.flows, f)
	p.mu.Unlock()
	p.wait.Done()
}
