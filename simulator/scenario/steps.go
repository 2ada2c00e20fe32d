package scenario

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	"rehearse/reports/diag"
)

// The keys of a step that are no client's name.
const (
	actorAppliance = "appliance"
	actorFaults    = "faults"
	actorWait      = "wait"
)

// stepKeys are the keys of a step beside that of its actor.
func stepKeys() []string { return []string{"expect", "faults", "when", "id"} }

func reservedActor(name string) bool {
	return slices.Contains(append(stepKeys(), actorAppliance, actorFaults, actorWait), name)
}

func (d *decoder) steps(n *node) {
	if n.kind != list || len(n.items) == 0 {
		d.bad(n, "scenario-type", "steps wants a list, this is "+describe(n), "- alice: sign in")
		return
	}
	for _, item := range n.items {
		if s, ok := d.step(item); ok {
			d.out.Steps = append(d.out.Steps, s)
		}
	}
}

// step reads one step; it is not ok in variants that its `when` leaves out.
func (d *decoder) step(n *node) (s Step, ok bool) {
	if n.kind != mapping {
		d.bad(n, "scenario-type", "a step wants a mapping, this is "+describe(n), "- alice: sign in")
		return s, false
	}
	s.Span = n.span
	ok = true
	var actor *field
	for i, f := range n.fields {
		switch {
		case f.value.null:
			d.bad(f.key, "scenario-type", fmt.Sprintf("%s has no value", f.key.text))
			ok = false
		case f.key.text == "when":
			ok = d.when(f.value) && ok
		case slices.Contains([]string{"expect", "id"}, f.key.text):
		case f.key.text == actorFaults && hasActor(n):
			s.Faults = d.faults(f.value)
		case actor != nil:
			d.report(diag.Diagnostic{
				ID: "scenario-step", Span: f.key.span, Message: fmt.Sprintf("a step has one actor, %q is a second one", f.key.text),
				Notes: []diag.Remark{{Span: actor.key.span, Message: "the first one"}}, Hints: append(suggest(f.key.text, stepKeys()), "begin a step of its own"),
			})
		default:
			actor = &n.fields[i]
		}
	}
	if actor == nil {
		if len(n.fields) == 0 || !slices.ContainsFunc(n.fields, func(f field) bool { return f.value.null }) {
			d.bad(n, "scenario-step", "a step without an actor", "alice: sign in")
		}
		return s, false
	}
	s.Actor = actor.key.text
	s.Action = d.action(actor)
	if e := n.get("expect"); e != nil && !e.null {
		s.Expect = d.expect(e)
	}
	return s, ok && s.Action != nil
}

// hasActor says whether a step has an actor other than faults.
func hasActor(n *node) bool {
	return slices.ContainsFunc(n.fields, func(f field) bool { return !slices.Contains(stepKeys(), f.key.text) })
}

func (d *decoder) action(f *field) Action {
	switch f.key.text {
	case actorAppliance:
		return d.change(f.value)
	case actorFaults:
		return SetFaults{d.faults(f.value)}
	case actorWait:
		return Wait{d.duration(f.value, "wait")}
	}
	if !slices.ContainsFunc(d.out.Clients, func(c Client) bool { return c.Name == f.key.text }) {
		d.unknownActor(f.key)
	}
	return d.clientAction(f.key.text, f.value)
}

func (d *decoder) unknownActor(n *node) {
	names := []string{}
	for _, c := range d.out.Clients {
		names = append(names, c.Name)
	}
	names = append(names, actorAppliance, actorFaults, actorWait)
	d.report(diag.Diagnostic{
		ID: "scenario-unknown-actor", Span: n.span, Message: fmt.Sprintf("no client is named %q", n.text),
		Notes: []diag.Remark{{Message: "a step begins with " + allowed(names)}},
		Hints: suggest(n.text, append(names, stepKeys()...)),
	})
}

// plainActions are the actions of clients that are one text.
func plainActions() []Action { return []Action{SignIn{}, SignOut{}, Leave{}, StayedSignedIn{}} }

func (d *decoder) clientAction(name string, n *node) Action {
	if n.kind == scalar {
		i := slices.Index(plainWords(), d.word(n, name, plainWords()))
		if i < 0 {
			return nil
		}
		return plainActions()[i]
	}
	parts := map[string]*node{}
	before := len(d.found)
	var keys []key
	for _, name := range []string{"join", "talk", "browse", "connect", "speak"} {
		keys = append(keys, key{name, false, func(n *node) { parts[name] = n }})
	}
	d.object(n, "what "+name+" does", keys)
	switch {
	case n.kind != mapping || len(d.found) > before:
	case len(parts) == 1 && parts["join"] != nil:
		return Join{d.text(parts["join"], "join")}
	case len(parts) == 1 && parts["talk"] != nil:
		return Talk{d.duration(parts["talk"], "talk")}
	case len(parts) == 1 && parts["browse"] != nil:
		return Browse{d.webURL(parts["browse"])}
	case len(parts) == 2 && parts["connect"] != nil && parts["speak"] != nil:
		return Connect{d.target(parts["connect"]), d.speak(parts["speak"])}
	default:
		d.bad(n, "scenario-step", "a client does one thing: join, talk, browse, or connect with speak", "{join: weekly}", "{talk: 30s}", "{browse: https://www.example.com/}", "{connect: ssh.example.test:22, speak: ssh}")
	}
	return nil
}

func (d *decoder) target(n *node) string {
	s := d.text(n, "connect")
	host, port, err := net.SplitHostPort(s)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if s != "" && (err != nil || portErr != nil || number == 0 || !hostName(host) && net.ParseIP(host) == nil) {
		var hints []string
		if hostName(s) {
			hints = []string{s + ":443"}
		}
		d.bad(n, "scenario-address", fmt.Sprintf("connect %q, want HOST:PORT", s), hints...)
	}
	return s
}

func (d *decoder) speak(n *node) string {
	return d.word(n, "speak", clientSpeaks())
}
