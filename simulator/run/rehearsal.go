package run

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"time"

	"rehearse/proxy"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/foreign"
	"rehearse/simulator/pki"
	"rehearse/simulator/scenario"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// rehearsal is one scenario in its world while it runs.
type rehearsal struct {
	scenario  *scenario.Scenario
	watch     Watcher // nil: nobody watches
	world     world.World
	log       *journal.Memory
	recorder  func(actor string) journal.Recorder // who keeps what an actor records
	began     time.Time
	pki       *pki.PKI
	estate    *server.Estate
	sites     map[string]*server.RunningSite // servers beside the estate, by host
	appliance *appliance                     // nil without one
	against   *Against                       // nil without one
	standIns  map[string]map[string]bool     // who stands for a client of the scenario; nil: it does so itself
	place     *foreign.Place                 // the world around a foreign interceptor
	lost      string                         // why no further step can be asked of it
	clients   map[string]*client.Client
	addrs     map[netip.Addr]string // client addresses to names
	lift      func()                // ends the faults of the last SetFaults step
	legs      map[string]string     // upstream legs to their flows, of events until legsUntil
	legsUntil time.Duration
	closers   []func() error
	tape      *world.Tape  // nil where nothing is recorded
	hosted    []world.Host // those of the tape
	secrets   secrets
}

// The addresses of the first client and of the first server beside the estate; the
// next ones follow.
var (
	firstClient = netip.MustParseAddr("10.1.0.11")
	firstServer = netip.MustParseAddr("203.0.113.10")
)

// build makes the world of a scenario: public PKI, estate, other servers,
// appliance, clients.
func build(ctx context.Context, s *scenario.Scenario, watch Watcher) (*rehearsal, error) {
	log := journal.NewMemory()
	return buildWith(ctx, s, watch, log, func(string) journal.Recorder { return log })
}

// buildWith builds a world in which recorder says who keeps what an actor records;
// whatever is not kept in log, no step's evidence has.
func buildWith(ctx context.Context, s *scenario.Scenario, watch Watcher, log *journal.Memory, recorder func(actor string) journal.Recorder) (_ *rehearsal, err error) {
	r := &rehearsal{
		scenario: s, watch: watch, began: time.Now(), log: log, recorder: recorder,
		world: world.NewMemory(world.Config{Latency: s.Network.Latency, Seed: 1}),
		sites: map[string]*server.RunningSite{}, clients: map[string]*client.Client{}, addrs: map[netip.Addr]string{}, lift: func() {}, legs: map[string]string{},
	}
	r.closers = append(r.closers, r.world.Close)
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.pki, err = pki.New(pki.Config{Now: r.now, Key: s.Estate.Key}); err != nil {
		return nil, err
	}
	if err = r.buildServers(); err != nil {
		return nil, err
	}
	if s.Appliance.Deployment != scenario.None {
		if r.appliance, err = newAppliance(ctx, r); err != nil {
			return nil, err
		}
		r.closers = append(r.closers, r.appliance.close)
	}
	addr := firstClient
	for _, c := range s.Clients {
		if err = r.buildClient(c, addr); err != nil {
			return nil, err
		}
		addr = addr.Next()
	}
	return r, nil
}

// now is the scenario's clock.
func (r *rehearsal) now() time.Time { return r.scenario.Start.Add(time.Since(r.began)) }

func (r *rehearsal) serverConfig() server.Config {
	s := r.scenario
	users := map[string]string{}
	for user, password := range s.Estate.Users {
		users[user] = password
	}
	for _, c := range s.Clients {
		if _, ok := users[c.User]; !ok && c.User != "" {
			users[c.User] = defaultPassword
		}
	}
	return server.Config{
		World: r.world, PKI: r.pki, Now: r.now, Recorder: r.recorder(actorEstate),
		Domain: s.Estate.Domain, Zone: s.Estate.Zone, Users: users, KeyLog: &r.secrets,
	}
}

// actorEstate stands for all servers where one is asked for an actor.
const actorEstate = "estate"

// defaultPassword is that of users for whom a scenario names none. A client with
// another password of its own has the wrong one.
const defaultPassword = "Passw0rd!"

func (r *rehearsal) buildServers() (err error) {
	conf := r.serverConfig()
	if r.estate, err = server.Start(conf); err != nil {
		return err
	}
	r.closers = append(r.closers, r.estate.Close)
	addr := firstServer
	for _, s := range r.scenario.Servers {
		if err := r.buildSite(conf, s, addr); err != nil {
			return fmt.Errorf("server %s: %w", s.Host, err)
		}
		addr = addr.Next()
	}
	return nil
}

// buildSite starts a server of the scenario's own; what is wrong with its
// certificate is a fault that lasts.
func (r *rehearsal) buildSite(conf server.Config, s scenario.Server, addr netip.Addr) error {
	site, err := server.StartSite(conf, server.Site{Host: s.Host, Port: s.Port, Speaks: s.Speaks, Addr: addr})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, site.Close)
	r.sites[s.Host] = site
	if s.Certificate != "" && s.Certificate != "good" {
		_, err = site.Impose(server.Fault{Kind: "certificate_" + s.Certificate})
	}
	return err
}

func (r *rehearsal) buildClient(c scenario.Client, addr netip.Addr) error {
	profile, ok := client.ProfileNamed(c.Profile)
	if !ok {
		return fmt.Errorf("client %s: no profile %q", c.Name, c.Profile)
	}
	var host world.Host
	if r.against != nil {
		host = r.place.Client(c.Name, len(r.clients)+1)
	} else {
		host = r.world.Host(c.Name, addr)
	}
	r.addrs[host.Addr()] = c.Name
	if r.scenario.Network.UDPBlocked {
		r.world.Impose(world.Fault{Kind: world.Blackhole, Host: c.Name, Proto: "udp"})
	}
	roots := r.pki.Roots()
	explicit := r.attach(host)
	if !c.Distrusts {
		for _, cert := range r.interceptorRoots() {
			roots.AddCert(cert)
		}
	}
	password := c.Password
	if password == "" {
		password = defaultPassword
	}
	r.clients[c.Name] = client.New(client.Config{
		Name: c.Name, Host: host, Recorder: r.recorder(c.Name), Now: r.now, Roots: roots, Profile: profile,
		Proxy: explicit, Ending: client.Ending(c.Ending), User: c.User, Password: password,
		Domain: r.scenario.Estate.Domain, KeyLog: &r.secrets,
	})
	r.closers = append(r.closers, r.clients[c.Name].Close)
	return nil
}

// identify gives the appliance the user behind a client address, for policy.
func (r *rehearsal) identify(addr netip.Addr) proxy.Identity {
	for i := range r.scenario.Clients {
		if c := &r.scenario.Clients[i]; c.Realm != "" && c.Name == r.addrs[addr] {
			return proxy.Identity{User: c.User, Realm: c.Realm, Groups: c.Groups}
		}
	}
	return proxy.Identity{}
}

// roots of the public PKI, as the appliance trusts them.
func (r *rehearsal) roots() *x509.CertPool { return r.pki.Roots() }

// close ends the world, the last made first.
func (r *rehearsal) close() {
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
	r.closers = nil
}
