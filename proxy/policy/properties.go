package policy

import (
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// properties are the settings of a decision: the matched rules that set any, in
// the order of their layers. The first few need no memory of their own.
type properties struct {
	policy *Policy
	n      int
	few    [12]int32 // rule numbers
	more   []int32
}

func (p *properties) add(r *rule) {
	switch {
	case len(r.effects) == 0:
		return
	case p.n < len(p.few):
		p.few[p.n] = int32(r.number)
	default:
		p.more = append(p.more, int32(r.number))
	}
	p.n++
}

func (p *properties) rule(i int) *rule {
	if i < len(p.few) {
		return p.policy.rules[p.few[i]]
	}
	return p.policy.rules[p.more[i-len(p.few)]]
}

// last is the last effect, in the order of layers, that the function accepts.
func (p *properties) last(accepts func(*effect) bool) *effect {
	for i := p.n - 1; i >= 0; i-- {
		effects := p.rule(i).effects
		for j := len(effects) - 1; j >= 0; j-- {
			if accepts(&effects[j]) {
				return &effects[j]
			}
		}
	}
	return nil
}

// each visits the effects in the order of layers.
func (p *properties) each(visit func(*effect)) {
	for i := range p.n {
		effects := p.rule(i).effects
		for j := range effects {
			visit(&effects[j])
		}
	}
}

func (p *properties) named(name string) *effect {
	return p.last(func(e *effect) bool { return e.name == name })
}

// Property is the arguments of a property as the last layer that sets it has
// them; false when no rule that matched sets it. Names are as in policy, in
// lower case: "access_server", "action.tagit". The slice is the policy's.
func (d Decision) Property(name string) ([]string, bool) {
	if e := d.props.named(name); e != nil {
		return e.args, true
	}
	return nil, false
}

// Switch is a yes-or-no property, or what it is where no rule sets it.
func (d Decision) Switch(name string, unset bool) bool {
	e := d.props.named(name)
	if e == nil || len(e.args) == 0 {
		return unset
	}
	if b, ok := parseBoolean(e.args[0]); ok {
		return b
	}
	return unset
}

// onException is since when TLS is intercepted on exception where no policy says
// otherwise (KB 169223, KB 168181).
func onException() cpl.Since { return cpl.Since{{6, 2, 0, 0}} }

// Interception is the value of ssl.forward_proxy and its companions.
func (d Decision) Interception() Interception {
	v := Interception{Mode: ModeNo}
	if d.props.policy != nil && onException().Has(d.props.policy.Release()) {
		v.Mode = ModeOnException
	}
	if e := d.props.named("ssl.forward_proxy"); e != nil && len(e.args) > 0 {
		v.Mode, v.At = Mode(strings.ToLower(e.args[0])), e.at
		v.OnException = len(e.args) > 1 && strings.EqualFold(e.args[1], string(ModeOnException))
	}
	v.Keyring = d.text("ssl.forward_proxy.issuer_keyring")
	v.PreserveUntrusted = strings.ToLower(d.text("ssl.forward_proxy.preserve_untrusted"))
	return v
}

// text is the first argument of a property, "" where it is not set.
func (d Decision) text(name string) string {
	if e := d.props.named(name); e != nil && len(e.args) > 0 {
		return e.args[0]
	}
	return ""
}

// Detects says whether policy leaves detection of a protocol ("ssl", "http",
// "sips", "ms-turn") on. Policy only takes away: the service's attribute is the
// master switch. Modelled: Q10.
func (d Decision) Detects(protocol string) bool {
	e := d.props.last(func(e *effect) bool {
		return e.name == "detect_protocol" || e.base == "detect_protocol" && inArgument(e.arg, protocol)
	})
	switch {
	case e == nil:
		return true
	case e.arg != "":
		on, _ := parseBoolean(firstOf(e.args))
		return on
	}
	return slices.ContainsFunc(e.args, func(a string) bool {
		switch strings.ToLower(a) {
		case "all", "yes":
			return true
		}
		return strings.EqualFold(a, protocol)
	})
}

// ForceProtocol is the protocol that a flow is taken for without detection, ""
// for none.
func (d Decision) ForceProtocol() string {
	e := d.props.last(func(e *effect) bool { return e.base == "force_protocol" })
	switch {
	case e == nil:
		return ""
	case e.arg != "":
		if on, _ := parseBoolean(firstOf(e.args)); on {
			return e.arg
		}
		return ""
	}
	if v := strings.ToLower(firstOf(e.args)); v != "no" {
		return v
	}
	return ""
}

// Validation is the value of server.certificate.validate and its companions. The
// origin's certificate is validated where no policy says otherwise (KB 169432).
func (d Decision) Validation() Validation {
	v := Validation{On: d.Switch("server.certificate.validate", true), Revocation: "auto"}
	if s := d.text("server.certificate.validate.check_revocation"); s != "" {
		v.Revocation = strings.ToLower(s)
	}
	v.IgnoreHostname = d.ignores("hostname_mismatch")
	v.IgnoreExpiration = d.ignores("expiration")
	v.IgnoreUntrusted = d.ignores("untrusted_issuer")
	return v
}

// ignores says whether an error of the origin's certificate is to be overlooked:
// .ignore(all|none|LIST) and .ignore.ERROR(yes|no), whichever comes last.
func (d Decision) ignores(fault string) bool {
	const list = "server.certificate.validate.ignore"
	e := d.props.last(func(e *effect) bool {
		rest, ok := strings.CutPrefix(e.name, list)
		return ok && (rest == "" || rest[0] == '.' && inArgument(rest[1:], fault))
	})
	switch {
	case e == nil:
		return false
	case e.name != list:
		on, _ := parseBoolean(firstOf(e.args))
		return on
	}
	return slices.ContainsFunc(e.args, func(a string) bool { return strings.EqualFold(a, "all") || strings.EqualFold(a, fault) })
}

// Realm is the realm that the user is to be authenticated in, "" for none.
// Modelled: identities are given, nobody is asked.
func (d Decision) Realm() string {
	if r := d.text("authenticate"); !strings.EqualFold(r, "no") {
		return r
	}
	return ""
}

// AccessServer says whether the origin may be contacted (access_server).
func (d Decision) AccessServer() bool { return d.Switch("access_server", true) }

// Tracing is what the trace.* properties ask for.
type Tracing struct {
	Request     bool   // trace.request: write a trace
	Rules       string // trace.rules: "yes" rules that match, "all" also those that do not, "no"
	Destination string // trace.destination: the trace's file
}

// Tracing is the value of the trace.* properties. Without trace.destination the
// trace goes to default.trace.html (CPL guide, SGOS 3, p. 276).
func (d Decision) Tracing() Tracing {
	t := Tracing{Request: d.Switch("trace.request", false), Rules: "no", Destination: "default.trace.html"}
	if s := d.text("trace.rules"); s != "" {
		t.Rules = strings.ToLower(s)
	}
	if s := d.text("trace.destination"); s != "" {
		t.Destination = s
	}
	return t
}

// Logs says whether the transaction goes to an access log. auto means that where
// no rule sets access_log, or sets it to auto, log is the default of its service.
func (d Decision) Logs(log string, auto bool) bool {
	e := d.props.last(func(e *effect) bool {
		return e.name == "access_log" || e.base == "access_log" && inArgument(e.arg, log)
	})
	if e == nil {
		return auto
	}
	if e.arg != "" {
		on, _ := parseBoolean(firstOf(e.args))
		return on
	}
	switch strings.ToLower(firstOf(e.args)) {
	case "no":
		return false
	case "auto", "yes":
		return auto
	}
	return slices.ContainsFunc(e.args, func(a string) bool { return strings.EqualFold(a, log) })
}

// inArgument says whether the free part of a property's name is the wanted word
// or a list "[a,b]" that holds it.
func inArgument(arg, want string) bool {
	list, ok := strings.CutPrefix(arg, "[")
	if !ok {
		return strings.EqualFold(arg, want)
	}
	for word := range strings.SplitSeq(strings.TrimSuffix(list, "]"), ",") {
		if strings.EqualFold(strings.TrimSpace(word), want) {
			return true
		}
	}
	return false
}

func firstOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// parseBoolean reads yes, no, true, false, on, off.
func parseBoolean(s string) (b, ok bool) {
	switch strings.ToLower(s) {
	case "yes", "true", "on":
		return true, true
	case "no", "false", "off":
		return false, true
	}
	return false, false
}
