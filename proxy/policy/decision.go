package policy

// VerdictKind is what becomes of a transaction.
type VerdictKind int

// The verdicts. A deny is an exception with the id policy_denied.
const (
	Allow VerdictKind = iota
	Exception
)

// Verdict is the allow/deny/exception state of a transaction.
type Verdict struct {
	Kind    VerdictKind
	Forced  bool   // by force_deny or force_exception: later rules cannot change it
	ID      string // exception id: "policy_denied"
	Details string
	// At is "file:line" of the rule, "" when it is the default policy's.
	At string
}

// Decision is the result of evaluating a policy at a checkpoint.
type Decision struct {
	Verdict Verdict
	// Final says that no rule that is still undecided ("late") could change the
	// verdict. The interceptor commits a deny only when it is final (KB 218637).
	Final bool
	// Steps are the layers' outcomes in order: for trace, coverage and events.
	Steps []Step
	// properties, by name; owned by the engine. Use the methods.
	props properties // see properties.go
}

// Outcome of one rule in a trace: "MATCH:", "miss:", "n/a :", "late:".
type Mark int

// The marks, as the trace prints them.
const (
	Match Mark = iota
	Miss
	NotApplicable
	Late
)

// Step is one rule's outcome at one checkpoint.
type Step struct {
	Mark  Mark
	Layer string // header as the trace prints it: `<Proxy "label">`
	At    string // "file:line"
	Rule  string // as the trace prints it
	// Unknown is the condition that made a rule late, "" otherwise.
	Unknown string
}

// Mode is the value of ssl.forward_proxy.
type Mode string

// The modes of ssl.forward_proxy (facts: 4.1). Modelled: tokens beyond no and
// https (Q9).
const (
	ModeNo          Mode = "no"
	ModeHTTPS       Mode = "https"
	ModeOnException Mode = "on_exception"
	ModeAuto        Mode = "yes" // automatic protocol detection
	ModeSTunnel     Mode = "stunnel"
)

// Interception is what policy says about decrypting a TLS flow.
type Interception struct {
	Mode Mode
	// OnException restricts Mode to flows that must show an exception: the
	// two-argument forms (https, on_exception), (stunnel, on_exception).
	OnException bool
	At          string // "file:line", "" when it is the release's default
	// Keyring names the issuer keyring, "" for the default one.
	Keyring string
	// PreserveUntrusted: "yes", "no", "auto" or "".
	PreserveUntrusted string
}

// Validation is what policy says about the origin's certificate.
type Validation struct {
	On         bool
	Revocation string // "auto", "local", "no"
	// Errors to overlook.
	IgnoreHostname, IgnoreExpiration, IgnoreUntrusted bool
}
