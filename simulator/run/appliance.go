package run

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/revocation"
	"rehearse/reports/diag"
	"rehearse/reports/journal"
	"rehearse/simulator/pki"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world"
)

// The appliance's addresses: the one its clients see and origins see, and that of
// its revocation endpoint.
var (
	applianceAddr = netip.MustParseAddr("10.1.0.1")
	statusAddr    = netip.MustParseAddr("10.1.0.2")
)

// statusHost is where the pointers in emulated certificates lead. Modelled: Q1.
const statusHost = scenario.StatusHost

// appliance is the interceptor with what an administrator can change about it.
type appliance struct {
	r       *rehearsal
	ctx     context.Context
	cancel  context.CancelFunc
	host    world.Host
	state   scenario.Appliance // as it stands now
	root    *emulate.Authority
	issuer  *emulate.Authority // root, or the intermediate
	faulty  *pki.Faulty
	forge   *emulate.Forge
	current atomic.Pointer[proxy.Proxy]
	program *Program

	clients   []world.Host
	listeners map[uint16]net.Listener
	undo      map[string]func() // of redirects, by client and port
	status    *http.Server
}

func newAppliance(ctx context.Context, r *rehearsal) (*appliance, error) {
	a := &appliance{
		r: r, state: r.scenario.Appliance, host: r.world.Host(scenario.ApplianceHost, applianceAddr),
		listeners: map[uint16]net.Listener{}, undo: map[string]func(){},
	}
	a.ctx, a.cancel = context.WithCancel(ctx)
	var err error
	if a.root, err = emulate.NewAuthority(emulate.AuthorityConfig{Name: "Rehearsal Appliance CA", ID: "appliance-root", Now: r.now}); err != nil {
		return nil, err
	}
	if err := a.makeIssuer(); err != nil {
		return nil, err
	}
	if err := a.serveStatus(); err != nil {
		return nil, err
	}
	if p := a.state.Pointers; (p.CRL || p.OCSP) && !a.has(proxy.FeaturePointers) {
		a.record(noPointers(a.state.Release))
	}
	a.install(a.state.Policy)
	a.start()
	return a, a.listen(a.state.Services)
}

// makeIssuer makes the authority that issues emulated certificates and the forge
// that uses it.
func (a *appliance) makeIssuer() (err error) {
	a.issuer = a.root
	if a.state.Intermediate {
		p := emulate.Pointers{CRL: a.state.IntermediatePointers.CRL, OCSP: a.state.IntermediatePointers.OCSP, Base: "http://" + statusHost}
		conf := emulate.AuthorityConfig{Name: "Rehearsal Appliance Intermediate", ID: "appliance-intermediate", Parent: a.root, Now: a.r.now}
		if ocsp, crl := p.For(a.root); a.has(proxy.FeaturePointers) {
			conf.OCSPURL, conf.CRLURL = first(ocsp), first(crl)
		}
		if a.issuer, err = emulate.NewAuthority(conf); err != nil {
			return err
		}
	}
	untrusted, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Rehearsal Appliance Untrusted CA", ID: "appliance-untrusted", Now: a.r.now})
	if err != nil {
		return err
	}
	a.forge, err = emulate.NewForge(emulate.ForgeConfig{
		Authority: a.issuer, Untrusted: untrusted, Pointers: a.pointers(), Now: a.r.now, Staple: a.state.Staple, RSAKey: pki.ApplianceRSAKey,
	})
	return err
}

func first(urls []string) string {
	if len(urls) == 0 {
		return ""
	}
	return urls[0]
}

func (a *appliance) has(f proxy.Feature) bool { return f.In(a.state.Release) }

// pointers are those that the release lets emulated certificates carry.
func (a *appliance) pointers() emulate.Pointers {
	if !a.has(proxy.FeaturePointers) {
		return emulate.Pointers{}
	}
	return emulate.Pointers{CRL: a.state.Pointers.CRL, OCSP: a.state.Pointers.OCSP, Base: "http://" + statusHost}
}

// serveStatus puts the revocation endpoint on a host of its own.
func (a *appliance) serveStatus() error {
	l, err := a.r.world.Host(statusHost, statusAddr).Listen("tcp", ":80")
	if err != nil {
		return err
	}
	a.faulty = pki.NewFaulty(emulate.NewResponder(a.root))
	a.status = &http.Server{Handler: a.faulty}
	a.publish()
	go a.status.Serve(l)
	return nil
}

// publish has the endpoint answer for the authorities as they are now.
func (a *appliance) publish() {
	authorities := []*emulate.Authority{a.root}
	if a.issuer != a.root {
		authorities = append(authorities, a.issuer)
	}
	a.faulty.Serve(emulate.NewResponder(authorities...))
}

// install compiles a policy and, when it compiles, puts it in force; an error
// leaves the old one running, as on the appliance. The diagnostics are recorded.
func (a *appliance) install(sources []scenario.Policy) diag.List {
	program, list := compile(a.state, sources)
	for _, d := range list {
		if d.Severity == diag.Error {
			a.record(fmt.Sprintf("policy refused: %s: %s", d.Span, d.Message))
		}
	}
	if list.HasErrors() {
		if a.program == nil { // nothing was installed before: the default policy
			a.program, _ = compile(a.state, nil)
			a.watchProgram()
		}
		return list
	}
	a.program = program
	a.watchProgram()
	if p := a.current.Load(); p != nil {
		p.Install(program.Policy)
	}
	return list
}

// compile makes a program of policy sources for an appliance.
func compile(state scenario.Appliance, sources []scenario.Policy) (*Program, diag.List) {
	var files []*cpl.File
	var list diag.List
	for _, s := range sources {
		f, found := cpl.Parse(s.Name, s.Source)
		files, list = append(files, f), append(list, found...)
	}
	opt := policy.Options{Release: state.Release, DefaultDeny: state.DefaultDeny}
	program, found := policy.Compile(files, opt)
	list = append(list, found...)
	list.Sort()
	return &Program{Policy: program, Files: files, Options: opt}, list
}

// start puts an interceptor in place as the appliance is set up now.
func (a *appliance) start() {
	behaviour, _ := revocation.BehaviourNamed("best-effort")
	a.current.Store(proxy.New(proxy.Config{
		Host: a.host, Release: a.state.Release, Policy: a.program.Policy, Forge: a.forge, Roots: a.r.roots(),
		Now: a.r.now, Recorder: a.r.recorder(a.host.Name()), Revocation: behaviour, Categories: a.categories, Identify: a.r.identify,
		Finished: a.finished(), KeyLog: &a.r.secrets,
	}))
}

// restart resets every flow and begins anew with a cold certificate cache.
func (a *appliance) restart() error {
	a.current.Load().Close()
	if err := a.makeIssuer(); err != nil {
		return err
	}
	a.publish()
	a.start()
	return nil
}

// listen opens the services' ports and leads the clients to them.
func (a *appliance) listen(services []scenario.Service) error {
	for _, s := range services {
		if l := a.listeners[s.Port]; l != nil {
			l.Close()
		}
		l, err := a.host.Listen("tcp", ":"+strconv.Itoa(int(s.Port)))
		if err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
		a.listeners[s.Port] = l
		service := proxy.Service{Name: s.Name, Group: "Standard", Kind: proxy.Kind(s.Kind), Port: s.Port, DetectProtocol: s.DetectProtocol}
		go proxy.Listen(a.ctx, l, service, func() proxy.Interceptor { return a.current.Load() })
	}
	a.state.Services = services
	for _, c := range a.clients {
		a.redirect(c)
	}
	return nil
}

// attach brings a client to the appliance. It gives the address of the explicit
// proxy, "" where the client is redirected without knowing.
func (a *appliance) attach(c world.Host) (explicit string) {
	a.clients = append(a.clients, c)
	a.redirect(c)
	if a.state.Deployment != scenario.Explicit {
		return ""
	}
	for _, s := range a.state.Services {
		if s.Kind == string(proxy.ExplicitHTTP) {
			return net.JoinHostPort(applianceAddr.String(), strconv.Itoa(int(s.Port)))
		}
	}
	return ""
}

// redirect leads a client's flows to the transparent services.
func (a *appliance) redirect(c world.Host) {
	for _, s := range a.state.Services {
		key := c.Name() + ":" + strconv.Itoa(int(s.Port))
		if undo := a.undo[key]; undo != nil {
			undo()
		}
		if proxy.Kind(s.Kind).Transparent() {
			port := s.Port
			a.undo[key] = a.r.world.Redirect(c, func(dst netip.AddrPort) bool { return dst.Port() == port }, a.host, port)
		}
	}
}

// categories are the scenario's for a host, those of its parent domains included.
func (a *appliance) categories(host string) []string {
	for name := host; name != ""; {
		if found, ok := a.state.Categories[name]; ok {
			return found
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return nil
}

func (a *appliance) record(what string) {
	a.r.recorder(a.host.Name()).Record("", a.host.Name(), journal.ApplianceChanged{What: what})
}

func (a *appliance) close() error {
	a.cancel()
	for _, l := range a.listeners {
		l.Close()
	}
	a.current.Load().Close()
	return a.status.Close()
}
