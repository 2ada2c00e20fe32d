// Package scenario is the text of a rehearsal as a value: strict YAML in, typed
// scenarios with positions out. It knows nothing of running them.
//
// Load reads a file, follows `extends`, multiplies `matrix` and gives one
// Scenario for each variant, or every diagnostic of the file in one pass. The keys
// of each mapping stand in one table beside the code that reads them; the words of
// the vocabularies come from the tables of the packages that give them meaning.
//
// # Extends
//
// `extends: other.yaml` lays the file over another one. Mappings are merged key by
// key, a list or a text replaces what was there, and a key without a value takes an
// inherited one away. Paths are relative to the file in which they stand.
//
// # Matrix
//
// An axis is a path to a setting with its values: `clients.alice.profile:
// [skype-strict, browser]`. A `*` means every entry of a list or mapping; entries of
// lists are named by their name, id or number from 0. Settings of the appliance need
// no path: `release`, `policy`. Values without a text of their own get a name:
// `faults: {silent: {ocsp: silent}, stale: {ocsp: stale}}`. An axis of any other name
// has values that are mappings of paths, for settings that change together. The
// first axis varies slowest.
//
// A `when` on a step, or on an entry of a list under `expect`, restricts it to
// variants: `when: {deployment: explicit, release: ">=6.5.10.1"}`. All entries hold
// whose when fits; no field may be expected twice in one variant.
//
// # Faults
//
// The faults of a scenario are in force from the beginning. A step `faults: {...}`
// replaces all that are in force, until the next such step or the end; `faults: none`
// ends them. Beside an actor, `faults` are in force for that one step, in addition.
package scenario

import (
	"net/netip"
	"time"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// File is one scenario file.
type File struct {
	Path   string // as it was asked for; slash-separated
	Name   string
	Labels []string
	Source []byte
	// Texts are all files that were read, and policies within them, by the names
	// that stand in spans.
	Texts    map[string][]byte
	Variants []*Scenario // in order of the matrix; one where there is none
}

// Axis is one setting of a variant.
type Axis struct{ Name, Value string }

// Scenario is one variant of a file, fully resolved.
type Scenario struct {
	File      string
	Name      string
	Labels    []string
	Variant   []Axis // in the order of the matrix; empty where there is none
	Span      diag.Span
	Start     time.Time // of the scenario's clock
	Appliance Appliance
	Estate    Estate
	Network   Network
	Servers   []Server
	Clients   []Client // in the order of the file
	Steps     []Step
}

// Deployment is how clients come to the appliance.
type Deployment string

// The deployments. None is a world without an appliance.
const (
	Explicit    Deployment = "explicit"
	Transparent Deployment = "transparent"
	None        Deployment = "none"
)

// Appliance is how the interceptor is set up at the beginning.
type Appliance struct {
	Span       diag.Span
	Release    cpl.Release
	Deployment Deployment
	Services   []Service
	// Policy is the installed policy, in order of installation; empty means none.
	Policy      []Policy
	DefaultDeny bool
	Pointers    Pointers // revocation pointers in emulated certificates
	// Intermediate: emulated certificates come from an intermediate authority, not
	// from the root that clients trust. IntermediatePointers are that authority's own.
	Intermediate         bool
	IntermediatePointers Pointers
	Staple               bool                // OCSP answers are stapled to emulated certificates
	Categories           map[string][]string // host or domain to its categories
}

// Policy is one policy source.
type Policy struct {
	Name   string // file name in diagnostics and traces
	Source []byte
	Span   diag.Span // where the scenario names it
}

// Pointers says which revocation pointers a certificate carries.
type Pointers struct {
	CRL, OCSP bool
	Span      diag.Span
}

// Service is a listener of the appliance.
type Service struct {
	Name           string
	Kind           string // explicit-http, http, ssl, tcp-tunnel
	Port           uint16
	DetectProtocol bool
}

// Estate is the Skype estate.
type Estate struct {
	Domain string            // the SIP domain, "contoso.test"
	Zone   string            // the zone of its servers, "online.lync.com"
	Key    string            // "ecdsa" or "rsa": of the public PKI
	Users  map[string]string // beside the clients' own: user to password
}

// Network is what lies between clients and the world.
type Network struct {
	UDPBlocked bool // a firewall lets no UDP of the clients out (the default)
	Latency    time.Duration
}

// Server is an origin beside the estate's.
type Server struct {
	Host   string
	Port   uint16
	Speaks string // https, http, sips, unknown-tls, ssh, silent, turn-tls, ms-turn-tls
	// Certificate is "good", "revoked", "expired", "untrusted", "wrong_name" or
	// "no_pointers".
	Certificate string
	Span        diag.Span
}

// Client is one simulated client.
type Client struct {
	Name     string
	Profile  string
	User     string // "alice@contoso.test"
	Password string
	// Ending is how it ends a handshake it refuses: "alert", "fin", "rst"; empty
	// means as its profile does.
	Ending string
	// Distrusts: the appliance's root is not installed on this client.
	Distrusts bool
	Realm     string   // of the appliance's authentication
	Groups    []string // groups of the user
	Span      diag.Span
}

// Step is one line of the story.
type Step struct {
	Span   diag.Span
	Actor  string // a client's name, "appliance", "faults", "wait"
	Action Action
	Faults []Fault // in force during this step only
	Expect []Want  // empty: nothing is asserted
}

// Action is what a step does; one of the types below.
type Action interface {
	// String is the action as the scenario says it: "sign in", "join weekly".
	String() string
}

// The actions of clients.
type (
	// SignIn discovers the servers and registers.
	SignIn struct{}
	// SignOut unregisters and closes.
	SignOut struct{}
	// Leave ends the meeting.
	Leave struct{}
	// StayedSignedIn asks whether the session is still there, without a new sign-in.
	StayedSignedIn struct{}
	// Join joins a meeting with audio; a client that is not signed in signs in first.
	Join struct{ Meeting string }
	// Talk sends audio in the meeting for a time and measures what comes back.
	Talk struct{ For time.Duration }
	// Browse fetches a page.
	Browse struct{ URL string }
	// Connect opens a flow and speaks a protocol: "ssh", "http", "https", "sips",
	// "unknown-tls", "ms-turn", "ms-turn-tls", "turn-tls", "silent".
	Connect struct{ Target, Speak string }
)

// Wait lets time pass.
type Wait struct{ For time.Duration }

// Change is an administrator's work at the appliance. Nil fields stay as they are.
type Change struct {
	Upgrade              *cpl.Release // restarts the appliance
	Policy               []Policy     // installs; nil: no change
	NoPolicy             bool         // removes all policy
	Pointers             *Pointers
	IntermediatePointers *Pointers
	Services             []Service
	Restart              bool
	ColdCache            bool
	Revoke               string // an emulated certificate, by host name
}

// SetFaults puts faults in force until the next SetFaults step or the end.
type SetFaults struct{ Faults []Fault }

// Fault is something that goes wrong. Target and Kind are those of a row of
// FaultKinds; what its other fields mean depends on the row.
type Fault struct {
	Span     diag.Span
	Target   string
	Kind     string // FaultKind.Kind
	Host     string // host, or the name for dns; "" where the target says it, or for all
	Client   string // only for this client; "" for all
	Port     uint16
	Protocol string // "tcp", "udp" or "" for both
	Delay    time.Duration
	Rate     float64
	Addr     netip.Addr
	// Value is the number of an alert, "503" or "504 1010 reason" of a status, or
	// an address.
	Value string
}

// Want is one expected thing of a step.
type Want struct {
	Span diag.Span // of the value
	// Key is "stage", "result", "code", "media", "wire", "bytes", "within",
	// "at_least", "event" or "no_event".
	Key string
	// Values are the alternatives, any of which will do. For event and no_event
	// there is one Value: text that an event must (must not) contain.
	Values []string
	// Kind and Actor narrow event and no_event; "" means any.
	Kind, Actor string
	// Duration is set for within and at_least.
	Duration time.Duration
}

// The appliance's hosts: the one that clients and origins see, and the one where its
// revocation pointers lead.
const (
	ApplianceHost = "appliance"
	StatusHost    = "status.appliance.test"
)

// Policies are all policy sources that the scenario may install, each once.
func (s *Scenario) Policies() []Policy {
	var all []Policy
	seen := map[string]bool{}
	add := func(list []Policy) {
		for _, p := range list {
			if !seen[p.Name] {
				seen[p.Name] = true
				all = append(all, p)
			}
		}
	}
	add(s.Appliance.Policy)
	for _, step := range s.Steps {
		if c, ok := step.Action.(Change); ok {
			add(c.Policy)
		}
	}
	return all
}
