// Package client has the simulated clients: what the person at the other end of
// an interception policy has on their desk.
//
// A Client is one program on one host of a world. In go steps (sign in, join a
// meeting, browse, verify a server); out comes one journal.Outcome each: how far
// the step came, how it ended, and the code the field knows it by. On the way it
// speaks the real protocols and nothing else: HTTP CONNECT to an explicit proxy
// or the destination dialled, TLS by crypto/tls with the chain judged here, SIP
// with NTLM, C3P, MRAS, MS-TURN over pseudo-TLS, RTP.
//
// How a client differs from another is its Profile: whether and how it asks for
// revocation, how it ends a handshake that it refuses, what its hello offers.
//
// The one thing to know: every stage is a function that does one blocking thing,
// records what it saw, and gives a *stop when the step ends there.
package client

import (
	"context"
	"crypto/x509"
	"io"
	"strings"
	"sync"
	"time"

	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

// Config is what a client is made of. Host, Roots, Now and Profile are needed.
type Config struct {
	// Name is the client's actor name in the journal; "" is the host's name.
	Name     string
	Host     world.Host
	Recorder journal.Recorder // nil: nothing is recorded
	// Now is the clock for certificates.
	Now     func() time.Time
	Roots   *x509.CertPool
	Profile Profile
	// Proxy is the "host:port" of an explicit proxy; "" dials the destination.
	Proxy string
	// Ending overrides the profile's, when set.
	Ending Ending

	// User is the SIP address without scheme, "alice@contoso.test", Password its
	// NTLM password; needed to sign in. Domain is the SIP domain, "" that of User.
	User, Password, Domain string
	// Server is the "host:port" to sign in at; "" lets the client discover it.
	Server string
	// KeyLog gets the secrets of all TLS connections, in the format of SSLKEYLOGFILE;
	// nil keeps them.
	KeyLog io.Writer
}

// Client is one simulated client. Its steps run one at a time: Do may be called
// from several goroutines, and they wait for each other. End it with Close.
type Client struct {
	conf  Config
	actor string
	cache *revocation.Cache

	step     sync.Mutex // held by the step under way
	presence *presence  // guarded by step; nil when not signed in
	call     *call      // guarded by step; nil when in no meeting
}

// New makes a client that is not signed in.
func New(conf Config) *Client {
	if conf.Recorder == nil {
		conf.Recorder = journal.Discard
	}
	if conf.Name == "" {
		conf.Name = conf.Host.Name()
	}
	if conf.Ending == "" {
		conf.Ending = conf.Profile.Ending
	}
	if conf.Domain == "" {
		_, conf.Domain, _ = strings.Cut(conf.User, "@")
	}
	return &Client{conf: conf, actor: conf.Name, cache: &revocation.Cache{}}
}

// Name is the client's actor name.
func (c *Client) Name() string { return c.actor }

// Profile is the client's profile.
func (c *Client) Profile() Profile { return c.conf.Profile }

// Do takes one step and says what it ended in. It returns when the step has
// ended, at the latest when ctx does (then as a timeout).
func (c *Client) Do(ctx context.Context, s Step) journal.Outcome {
	c.step.Lock()
	defer c.step.Unlock()
	began := time.Now()
	out := outcome(s, s.take(&walk{Client: c, ctx: ctx}))
	out.VirtualMS = time.Since(began).Milliseconds()
	c.record("", journal.StepEnded{Step: s.Name(), Outcome: out})
	return out
}

// Close hangs up whatever is open, without a word to anybody: the computer is
// switched off. It waits until the client's goroutines have ended.
func (c *Client) Close() error {
	c.step.Lock()
	defer c.step.Unlock()
	w := &walk{Client: c, ctx: context.Background(), aside: true}
	_ = w.leave(false)
	c.absent()
	return nil
}

func (c *Client) record(flow string, body journal.Body) {
	c.conf.Recorder.Record(flow, c.actor, body)
}

// walk is one step under way.
type walk struct {
	*Client
	ctx   context.Context
	stage journal.Stage
	// aside walks belong to a step without being on its way: discovery, a meeting
	// page. Their stages are not the step's.
	aside bool
}

// reach says that the walk begins a stage, on a flow ("" before there is one).
func (w *walk) reach(flow string, s journal.Stage) {
	if w.stage == s {
		return
	}
	w.stage = s
	if !w.aside {
		w.record(flow, journal.StageReached{Stage: s})
	}
}

// errand is a walk beside w.
func (w *walk) errand(ctx context.Context) *walk {
	return &walk{Client: w.Client, ctx: ctx, aside: true}
}
