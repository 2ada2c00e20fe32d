package scenario

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rehearse/reports/diag"
	"rehearse/simulator/server"
)

// standingFaults are those of the whole scenario: a first step puts them in force.
func (d *decoder) standingFaults(n *node) {
	d.out.Steps = []Step{{Span: n.span, Actor: actorFaults, Action: SetFaults{d.faults(n)}}}
}

// faults reads faults by target, or none:
//
//	faults: {ocsp: {silent: 15s}, network: {blackhole: avedge.online.lync.com, port: 443}, front_end: 503}
func (d *decoder) faults(n *node) []Fault {
	if n.kind == scalar {
		if n.text != "none" {
			d.bad(n, "scenario-value", fmt.Sprintf("faults %q, want none or a mapping of targets to what is wrong", n.text), "faults: {ocsp: stale}")
		}
		return nil
	}
	if n.kind == list {
		d.bad(n, "scenario-type", "faults wants a mapping of targets to what is wrong, this is a list", "faults: {ocsp: stale}")
		return nil
	}
	var all []Fault
	for _, f := range n.fields {
		switch {
		case f.value.null:
			d.bad(f.key, "scenario-type", fmt.Sprintf("%s has no value", f.key.text))
		case f.key.text == actorAppliance:
			d.bad(f.key, "scenario-value", "what happens to the appliance is a step of its own", "- appliance: restart", "- appliance: cold cache")
		case d.word(f.key, "faults of", targets(d.loader.faults)) != "":
			for _, item := range each(f.value) {
				if fault, ok := d.fault(f.key.text, item); ok {
					all = append(all, fault)
				}
			}
		}
	}
	return all
}

// fault reads one fault of a target: a word, a status, or {WORD: VALUE, PARAM: ...}.
func (d *decoder) fault(target string, n *node) (f Fault, ok bool) {
	f = Fault{Span: n.span, Target: target}
	if target == TargetCRL || target == TargetOCSP {
		d.needsAppliance(n, target)
	}
	if n.kind == scalar && isStatus(n.text) {
		n = &node{kind: mapping, src: n.src, span: n.span, fields: []field{{word(n, "status"), n}}}
	}
	var kinds []FaultKind
	var words []string
	for _, k := range d.loader.faults {
		if k.Target == target {
			kinds, words = append(kinds, k), append(words, k.Word)
		}
	}
	name, value := n, (*node)(nil)
	if n.kind == mapping {
		if name, value = kindField(n, words); name == nil {
			d.noKind(n, target, words)
			return f, false
		}
	}
	i := slices.Index(words, d.word(name, "fault of "+target, words))
	if i < 0 {
		return f, false
	}
	f.Kind = kinds[i].Kind
	d.params(&f, kinds[i], n, value)
	return f, true
}

func isStatus(s string) bool {
	code, err := strconv.Atoi(s)
	return err == nil && code >= 300 && code <= 699
}

func (d *decoder) needsAppliance(n *node, target string) {
	if d.out.Appliance.Deployment == None {
		d.bad(n, "scenario-value", fmt.Sprintf("%s is the appliance's, and this scenario has none", target), "origin_"+target+": ...")
	}
}

// kindField is the field of a mapping whose key is a kind of fault.
func kindField(n *node, words []string) (key, value *node) {
	for _, f := range n.fields {
		if slices.Contains(words, f.key.text) {
			return f.key, f.value
		}
	}
	return nil, nil
}

// noKind reports a mapping in which no key says what kind of fault it is.
func (d *decoder) noKind(n *node, target string, words []string) {
	found := diag.Diagnostic{ID: "scenario-value", Span: n.span, Message: fmt.Sprintf("a fault of %s is %s", target, allowed(words))}
	for _, f := range n.fields {
		if found.Hints = suggest(f.key.text, words); found.Hints != nil {
			found.Span = f.key.span
			found.Message = fmt.Sprintf("fault of %s %q, want %s", target, f.key.text, allowed(words))
			break
		}
	}
	d.report(found)
}

// params reads what a kind of fault has beside its name.
func (d *decoder) params(f *Fault, k FaultKind, n, value *node) {
	seen := map[string]bool{}
	if value != nil {
		switch {
		case len(k.Params) == 0:
			d.only(value, k.Word)
		case !(len(k.Needed) == 0 && scalarOf(value) == "true"):
			seen[k.Params[0]] = true
			d.param(f, k.Params[0], k.Word, value)
		}
	}
	for _, other := range n.fields {
		switch {
		case other.key.text == k.Word:
		case !slices.Contains(k.Params, other.key.text) || seen[other.key.text]:
			rest := slices.DeleteFunc(slices.Clone(k.Params), func(p string) bool { return seen[p] })
			message := fmt.Sprintf("%s %s has no %q", k.Target, k.Word, other.key.text)
			if len(rest) > 0 {
				message += ", want " + allowed(rest)
			}
			d.bad(other.key, "scenario-unknown-key", message, suggest(other.key.text, rest)...)
		case other.value.null:
			d.bad(other.key, "scenario-type", fmt.Sprintf("%s has no value", other.key.text))
		default:
			seen[other.key.text] = true
			d.param(f, other.key.text, other.key.text, other.value)
		}
	}
	for _, p := range k.Needed {
		if !seen[p] {
			d.bad(n, "scenario-missing", fmt.Sprintf("%s %s lacks %q", k.Target, k.Word, p), usage(k))
		}
	}
}

// usage is how a fault is written.
func usage(k FaultKind) string {
	sample := map[string]string{"by": "3s", "rate": "30%", "to": "10.66.0.1", "alert": "handshake_failure", "status": "503", "address": "HOST:PORT", "way": "deaf"}
	parts := []string{k.Word + ": " + cmp.Or(sample[k.Needed[0]], "HOST")}
	for _, p := range k.Needed[1:] {
		parts = append(parts, p+": "+cmp.Or(sample[p], "HOST"))
	}
	return fmt.Sprintf("%s: {%s}", k.Target, strings.Join(parts, ", "))
}

func (d *decoder) param(f *Fault, param, what string, n *node) {
	switch param {
	case "by":
		f.Delay = d.duration(n, what)
	case "name", "host":
		f.Host = d.host(n, what)
	case "port":
		f.Port = d.port(n, what)
	case "protocol":
		f.Protocol = d.word(n, what, []string{"tcp", "udp"})
	case "client":
		f.Client = d.clientName(n)
	case "rate":
		f.Rate = d.rate(n, what)
	case "to":
		f.Addr = d.addr(n, what)
	case "alert":
		f.Value = d.alert(n)
	case "status":
		f.Value = strings.TrimSpace(d.status(n) + " " + f.Value)
	case "diagnostics":
		f.Value = strings.TrimSpace(f.Value + " " + d.text(n, what))
	case "way":
		f.Value = d.word(n, what, server.Ways())
	case "address":
		f.Value = d.target(n)
	}
}

func (d *decoder) clientName(n *node) string {
	var names []string
	for _, c := range d.out.Clients {
		names = append(names, c.Name)
	}
	return d.word(n, "client", names)
}

// rate reads 0.3 or 30%.
func (d *decoder) rate(n *node, what string) float64 {
	s := d.text(n, what)
	digits, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if percent {
		v /= 100
	}
	if s != "" && (err != nil || !(v > 0 && v <= 1)) {
		d.bad(n, "scenario-value", fmt.Sprintf("%s %q, want a share such as 30%% or 0.3", what, s))
		return 0
	}
	return v
}

func (d *decoder) addr(n *node, what string) netip.Addr {
	s := d.text(n, what)
	a, err := netip.ParseAddr(s)
	if s != "" && err != nil {
		d.bad(n, "scenario-address", fmt.Sprintf("%s %q, want an address such as 10.66.0.1", what, s))
	}
	return a
}

// alert reads an alert's name or number and gives the number.
func (d *decoder) alert(n *node) string {
	s := d.text(n, "alert")
	number, ok := alertNumber(s)
	if s != "" && !ok {
		d.bad(n, "scenario-value", fmt.Sprintf("alert %q, want the name or number of a TLS alert, such as handshake_failure or 40", s), suggest(s, alertNames())...)
	}
	return number
}

// status reads a status, perhaps with a text that the server adds.
func (d *decoder) status(n *node) string {
	s := d.text(n, "status")
	if s == "" {
		return ""
	}
	if err := (server.Fault{Kind: "status", Value: s}).Check(); err != nil {
		d.bad(n, "scenario-value", fmt.Sprintf("status %q, want a status from 300 to 699, such as 503", s), "{status: 504, diagnostics: 1010 the reason}")
		return ""
	}
	return s
}
