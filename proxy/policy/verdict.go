package policy

import "strings"

// The texts of the built-in denials of CONNECT, as the trace prints them.
const (
	connectNotSSL = "CONNECT with a protocol other than SSL is not permitted"                    // KB 176397
	connectPort   = "CONNECT to a port other than 443 (the default HTTPS port) is not permitted" // KB 166814
)

// verdictState is the verdict while layers go by, and what else could become of
// it through rules that are late.
type verdictState struct {
	current    Verdict // as if no late rule matched
	substitute bool    // its details hold substitutions
	possible   outcomes
}

// outcomes is a set of what may become of a verdict, or of what a layer may do
// to it.
type outcomes uint8

const (
	untouched outcomes = 1 << iota // a layer may leave the verdict as it is
	allowing
	asCurrent // the verdict is the current exception
	excepting // some other exception
	forcing
)

// outcomeOf is what a rule does to the verdict; e may be nil.
func outcomeOf(e *verdictEffect) outcomes {
	switch {
	case e == nil:
		return untouched
	case e.verdict.Forced:
		return forcing
	case e.verdict.Kind == Allow:
		return allowing
	}
	return excepting
}

// initial is the verdict before any rule: the default policy's and, for CONNECT,
// the built-in denial.
func (m *machine) initial() verdictState {
	s := verdictState{possible: allowing}
	if m.policy.opt.DefaultDeny && byDefault(m.tx.Type) {
		s = verdictState{current: Verdict{Kind: Exception, ID: "policy_denied"}, possible: asCurrent}
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
		if tx.Detecting && tx.Tunneled == Unknown && m.at < AtResponse {
			s.possible |= excepting
		}
		return s
	}
	return verdictState{current: denied, possible: asCurrent}
}

// byDefault says whether the default policy applies. Modelled (Q23): to what a
// client asks for. An interception has only a mode, and a TLS flow has been asked
// for by its CONNECT or its connection already.
func byDefault(t TransactionType) bool {
	switch t {
	case HTTPProxy, TCPTunnel, HTTPSForwardProxy, "":
		return true
	}
	return false
}

// apply sets the verdict of a rule that matched: a forced one sticks, the first
// of several forced ones wins, any other gives way to the next.
func (s *verdictState) apply(e *verdictEffect) {
	if e == nil || s.current.Forced {
		return
	}
	s.current, s.substitute = e.verdict, e.substitute
	forced := s.possible & forcing
	if s.possible = forced | allowing; e.verdict.Kind == Exception {
		s.possible = forced | asCurrent
	}
}

// undecided takes in a layer that may do several things to the verdict. What was
// forced before it stays forced.
func (s *verdictState) undecided(layer outcomes) {
	before := s.possible
	s.possible = before&forcing | layer&^untouched
	if layer&untouched != 0 {
		s.possible |= before
	}
}

// final is whether the verdict can be committed (KB 218637): a forced one always
// can, any other when nothing else is possible.
func (s *verdictState) final() bool {
	if s.current.Kind == Allow {
		return s.possible == allowing
	}
	return s.current.Forced || s.possible == asCurrent
}

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
