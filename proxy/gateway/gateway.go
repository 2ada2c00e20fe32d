// Package gateway puts an interceptor on real sockets.
//
// In go addresses to listen at, services, a CA folder and a policy; out comes a
// running proxy: explicit listeners, or one that netfilter redirects connections to
// and that finds out where each was going; the endpoint that the pointers in
// emulated certificates lead to; limits, so that no client can use it up; a policy
// that can be replaced; a status page with metrics and policy traces; and an end that
// lets what is under way finish.
//
// It listens on loopback addresses unless it is told who may use it: an open relay
// cannot be had.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/accesslog"
	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// Config is how a gateway is set up. Listen, Services, Authority and what Proxy
// needs of its own are needed; Proxy's Host and Forge are the gateway's to fill.
type Config struct {
	// Listen are the addresses that listeners are opened at, all with one port where
	// it is 0.
	Listen []netip.AddrPort
	// Services are what is listened for. Explicit: each service has a port of its own
	// at the addresses of Listen, Port 0 being the port of Listen itself.
	// Transparent: the one port of Listen takes all, and Port is the one that the
	// client dialled, 0 for any; what no service takes is passed on untouched.
	Services    []proxy.Service
	Transparent bool
	// Allow are the sources that may use the proxy. Without any it is loopback, and
	// then only loopback addresses may be listened at.
	Allow []netip.Prefix
	// MaxConnections bounds the client connections at a time; further ones are reset.
	MaxConnections int
	// MaxPerClient bounds those of one source address; 0 does not.
	MaxPerClient int
	// Host is the network towards the origins.
	Host *proxy.OSHost
	// Proxy is the interceptor's own configuration.
	Proxy proxy.Config
	// Authority issues emulated certificates.
	Authority *emulate.Authority
	// Keyrings are those that policy may name beside it.
	Keyrings map[string]Keyring
	Staple   bool // emulated certificates come with an OCSP answer stapled
	// Pointers go into emulated certificates; their Base may be left empty, then it
	// is the endpoint's address.
	Pointers emulate.Pointers
	// Status is the address of the endpoint that Pointers lead to; invalid means a
	// free port at the first address of Listen. Without pointers there is none.
	Status netip.AddrPort
	// Console is the loopback address of the status page, with metrics and policy traces;
	// invalid means none.
	Console netip.AddrPort
	// Grace is how long what is under way may take once the gateway is to end.
	Grace time.Duration
	// Note is told what an administrator should know, one line each; nil: nobody.
	Note func(format string, args ...any)
}

// Gateway is a running proxy. Make one with Open, have it work with Serve.
type Gateway struct {
	conf      Config
	proxy     *proxy.Proxy
	direct    proxy.Direct
	listeners []listener
	status    *http.Server
	statusAt  net.Listener
	base      string
	console   *http.Server
	consoleAt netip.AddrPort
	local     []netip.Addr
	began     time.Time
	installed atomic.Pointer[inForce]
	meters    meters
	traces    traces

	admitted atomic.Int64 // connections now
	moves    atomic.Int64 // beginnings and ends of connections
	crowd    crowd
	flows    sync.WaitGroup
	refused  refusals
}

// Open opens every listener; clients can connect from then on. An address that is
// not loopback needs a Config with Allow.
func Open(ctx context.Context, conf Config) (*Gateway, error) {
	if conf.Note == nil {
		conf.Note = func(string, ...any) {}
	}
	if err := confine(&conf); err != nil {
		return nil, err
	}
	g := &Gateway{conf: conf, began: time.Now()}
	g.installed.Store(&inForce{g.began, len(conf.Proxy.Policy.Rules())})
	if err := g.open(ctx); err != nil {
		g.closeListeners()
		g.closeServers()
		return nil, err
	}
	return g, nil
}

// confine refuses to be an open relay.
func confine(conf *Config) error {
	if len(conf.Allow) > 0 {
		return nil
	}
	for _, at := range conf.Listen {
		if !at.Addr().IsLoopback() {
			return fmt.Errorf("listening at %s, which is not a loopback address, needs a list of the sources that may use the proxy", at)
		}
	}
	conf.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	return nil
}

func (g *Gateway) open(ctx context.Context) error {
	g.local = localAddrs()
	if err := g.listen(ctx); err != nil {
		return err
	}
	if err := g.openStatus(ctx); err != nil {
		return err
	}
	untrusted, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Rehearsal Untrusted Issuer", ID: "untrusted", Now: g.conf.Proxy.Now})
	if err != nil {
		return err
	}
	pointers := g.conf.Pointers
	if pointers.Base == "" {
		pointers.Base = g.base
	}
	issuers, clients := g.keyrings()
	forge, err := emulate.NewForge(emulate.ForgeConfig{
		Authority: g.conf.Authority, Untrusted: untrusted, Keyrings: issuers, Pointers: pointers, Now: g.conf.Proxy.Now,
		Staple: g.conf.Staple, SendRoot: g.conf.Staple,
	})
	if err != nil {
		return err
	}
	g.serveStatus(append(slices.Collect(maps.Values(issuers)), g.conf.Authority, untrusted)...)
	host := *g.conf.Host
	host.Refuse = g.refuseSelf
	conf := g.conf.Proxy
	if conf.Recorder == nil {
		conf.Recorder = journal.Discard
	}
	conf.Host, conf.Forge, conf.Keyrings = &host, forge, clients
	if g.conf.Console.IsValid() {
		conf.Count, conf.Traced = g.meters.count, g.traces.keep
		if conf.AccessLog != nil {
			conf.AccessLog = countedLog{conf.AccessLog, &g.meters}
		}
	}
	g.proxy = proxy.New(conf)
	g.direct = proxy.Direct{Host: &host, Recorder: conf.Recorder, Idle: conf.Limits.Idle}
	return g.openConsole(ctx)
}

// countedLog counts the records of each log.
type countedLog struct {
	proxy.AccessLog
	meters *meters
}

// Write implements proxy.AccessLog.
func (c countedLog) Write(logs []string, r *accesslog.Record) {
	c.AccessLog.Write(logs, r)
	for _, name := range logs {
		c.meters.add("rehearse_log_records_total", "log", name)
	}
}

// inForce is since when a policy is, and of how many rules.
type inForce struct {
	at    time.Time
	rules int
}

// Addr is the address that clients connect to: that of the first listener.
func (g *Gateway) Addr() netip.AddrPort { return g.listeners[0].at }

// StatusURL is where the revocation endpoint is, "" where there is none.
func (g *Gateway) StatusURL() string { return g.base }

// Connections is how many client connections there are now.
func (g *Gateway) Connections() int { return int(g.admitted.Load()) }

// Forge is the maker of emulated certificates, for revoking and flushing them.
func (g *Gateway) Forge() *emulate.Forge { return g.proxy.Forge() }

// Install puts another policy in force for the flows that begin from now on.
func (g *Gateway) Install(p *policy.Policy) {
	g.proxy.Install(p)
	g.installed.Store(&inForce{time.Now(), len(p.Rules())})
	g.meters.add("rehearse_policy_installs_total")
}

// Serve takes clients until ctx ends. Then it listens no more, gives what is under
// way its grace, and ends it.
func (g *Gateway) Serve(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var accepting sync.WaitGroup
	for _, l := range g.listeners {
		accepting.Go(func() { g.accept(work, l) })
	}
	accepting.Go(func() { g.rest(ctx) })
	<-ctx.Done()
	g.closeListeners()
	accepting.Wait()
	grace, stop := context.WithTimeout(work, g.conf.Grace)
	defer stop()
	g.proxy.Drain(grace)
	cancel()
	g.flows.Wait()
	g.closeServers()
}

func (g *Gateway) closeServers() {
	for _, s := range []*http.Server{g.status, g.console} {
		if s != nil {
			s.Close()
		}
	}
}

func (g *Gateway) closeListeners() {
	for _, l := range g.listeners {
		l.Close()
	}
	if g.status == nil && g.statusAt != nil {
		g.statusAt.Close()
	}
}

// errSelf is a connection to the proxy's own listener, which would go round and round.
var errSelf = errors.New("the destination is the proxy itself")

// refuseSelf keeps the proxy from connecting to itself.
func (g *Gateway) refuseSelf(to netip.AddrPort) error {
	if to == g.consoleAt {
		return errSelf
	}
	for _, l := range g.listeners {
		if l.at.Port() == to.Port() && (l.at.Addr() == to.Addr() || l.at.Addr().IsUnspecified() && g.isLocal(to.Addr())) {
			return errSelf
		}
	}
	return nil
}
