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
	Details string // with its substitutions done
	// At is "file:line" of the rule, "" when it is a default's.
	At string
}

// Decision is the result of evaluating a policy at a checkpoint. It stays valid
// as long as the transaction it was made for.
type Decision struct {
	Verdict Verdict
	// Final says that no rule that is still undecided ("late") could change the
	// verdict. The interceptor commits a deny only when it is final (KB 218637).
	Final bool
	// Steps are the layers' outcomes in order: for trace, coverage and events.
	// Only Explain fills them.
	Steps []Step
	// Matched are the rules that ended their layers, by their places among
	// Policy.Rules, in the order of layers. Only Trail fills it.
	Matched []int

	props properties
}

// Policy is the one that decided.
func (d Decision) Policy() *Policy { return d.props.policy }

// Mark is the outcome of one rule in a trace: "MATCH:", "miss:", "n/a :", "late:".
type Mark int

// The marks.
const (
	Match Mark = iota
	Miss
	NotApplicable
	Late
)

// String is the mark as the trace prints it.
func (m Mark) String() string { return [...]string{"MATCH:", "miss:", "n/a :", "late:"}[m] }

// Step is one rule's outcome at one checkpoint, or a guard's that kept its layer
// or section from being looked at.
type Step struct {
	Mark    Mark
	Layer   string // header as the trace prints it: `<Proxy "label">`
	Section string // likewise: `[url.domain]`; "" where no header stands
	At      string // "file:line"
	Rule    string // as the trace prints it: conditions, properties, verdict
	// Number is the rule's place among Policy.Rules, -1 for a guard.
	Number int
	// LayerNumber is the layer's place among all layers, from 1: two layers may
	// have the same header.
	LayerNumber int
	// Failed is the condition that made a rule miss or not apply, "" otherwise.
	Failed string
	// Unknown is the condition that made a rule late, "" otherwise.
	Unknown string
	// Lines are the lines ("file:line") of named conditions that held when this
	// rule was looked at, where the rule refers to them.
	Lines []string
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
