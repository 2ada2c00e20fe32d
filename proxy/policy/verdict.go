package policy

import "strings"

// The texts of the built-in denials of CONNECT, as the trace prints them.
const (
	connectNotSSL = "CONNECT with a protocol other than SSL is not permitted"                    // KB 176397
	connectPort   = "CONNECT to a port other than 443 (the default HTTPS port) is not permitted" // KB 166814
)

// verdictState is the verdict while layers go by, and what could still become of
// it through rules that are late.
type verdictState struct {
	current    Verdict
	substitute bool // the details hold substitutions
	// open: some late rule behind the one that set the verdict could change it.
	open bool
	// openForced: some late rule anywhere could force another verdict.
	openForced bool
}

// initial is the verdict before any rule: the default policy's and, for CONNECT,
// the built-in denial.
func (m *machine) initial() verdictState {
	var s verdictState
	if m.policy.opt.DefaultDeny && m.tx.Type != SSLIntercept { // Modelled: an interception has only a mode (Q23)
		s.current = Verdict{Kind: Exception, ID: "policy_denied"}
	}
	tx := m.tx
	if tx.Method != "CONNECT" || m.scopes&inHTTP == 0 || m.at < AtRequest {
		return s
	}
	denied := Verdict{Kind: Exception, ID: "connect_method_denied"}
	switch {
	case !tx.Detecting && tx.URL.Port != 443 && tx.URL.Port != 80:
		denied.Details = connectPort
	case tx.Detecting && tx.Tunneled == Yes:
		denied.Details = connectNotSSL
	default:
		s.open = tx.Detecting && tx.Tunneled == Unknown && m.at < AtResponse
		return s
	}
	s.current = denied
	return s
}

// apply sets the verdict of a rule that matched: a forced one sticks, the first
// of several forced ones wins, any other gives way to the next.
func (s *verdictState) apply(e *verdictEffect) {
	if e == nil || s.current.Forced {
		return
	}
	s.current, s.substitute = e.verdict, e.substitute
	s.open = s.openForced
}

// mightBe notes the verdict of a rule that may yet match.
func (s *verdictState) mightBe(e *verdictEffect) {
	switch {
	case e == nil:
	case e.verdict.Forced:
		s.open, s.openForced = true, true
	case e.verdict.Kind == Exception, s.current.Kind == Exception:
		s.open = true
	}
}

// final is whether the verdict can be committed (KB 218637); a forced one always
// can.
func (s *verdictState) final() bool { return s.current.Forced || !s.open }

func (m *machine) decision() Decision {
	v := m.verdict.current
	if m.verdict.substitute {
		v.Details = m.substitute(v.Details)
	}
	return Decision{Verdict: v, Final: m.verdict.final(), props: m.props}
}

// exceptionID is the id as SGOS prints it since 5.3: with a hyphen in
// user-defined.NAME, where the SGOS 3 guide has an underscore.
func exceptionID(id string) string {
	if rest, ok := strings.CutPrefix(id, "user_defined."); ok {
		return "user-defined." + rest
	}
	return id
}
