package signature

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rehearse/pcaps/story"
)

// Signature is what a capture came to.
type Signature []Field

// Aspect is what a field is about.
type Aspect struct {
	// Who is "client 1", counted by first appearance, or "proxy".
	Who string `json:"who"`
	// What was wanted: "sipdir.online.lync.com:443", "names", "relay".
	What string `json:"what"`
	// Key is the aspect: "connect", "certificate", "tls", "alert", "close", "http",
	// "sip", "revocation" ...
	Key string `json:"key"`
}

// Name is who, what and key in one.
func (a Aspect) Name() string { return a.Who + ": " + a.What + ": " + a.Key }

// Field is one thing that a capture says.
type Field struct {
	Aspect
	// Values are what was seen, each once, sorted.
	Values []string `json:"values"`
	// Packet is where it was first seen.
	Packet int `json:"packet"`
}

// Of computes the signature of a capture that was read with its events.
func Of(s *story.Summary) Signature {
	v := Look(s)
	b := &builder{fields: map[Aspect]*Field{}}
	for _, e := range s.Events {
		v.event(b, e)
	}
	b.settle()
	out := make(Signature, 0, len(b.order))
	for _, f := range b.order {
		if len(f.Values) > 0 {
			slices.Sort(f.Values)
			out = append(out, *f)
		}
	}
	slices.SortStableFunc(out, func(a, b Field) int {
		return cmp.Or(cmp.Compare(a.Who, b.Who), cmp.Compare(a.What, b.What), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// builder gathers fields.
type builder struct {
	fields map[Aspect]*Field
	order  []*Field
}

func (b *builder) add(who, what, key, value string, packet int) {
	k := Aspect{who, what, key}
	f := b.fields[k]
	if f == nil {
		f = &Field{Aspect: k, Packet: packet}
		b.fields[k] = f
		b.order = append(b.order, f)
	}
	if value != "" && !slices.Contains(f.Values, value) {
		f.Values = append(f.Values, value)
	}
}

// settle leaves out what says nothing about how it came out: clients open connections
// side by side and end those that they do not need.
func (b *builder) settle() {
	for k, f := range b.fields {
		if k.Key != "tls" && k.Key != "close" || !b.used(k) {
			continue
		}
		f.Values = slices.DeleteFunc(f.Values, func(v string) bool {
			return strings.Contains(v, " by client") || strings.Contains(v, "client fin") || strings.Contains(v, "client rst")
		})
	}
}

// used says whether something was said inside of a connection for the same.
func (b *builder) used(a Aspect) bool {
	for _, key := range []string{"records", "http", "sip"} {
		if b.fields[Aspect{a.Who, a.What, key}] != nil {
			tls := b.fields[Aspect{a.Who, a.What, "tls"}]
			return tls != nil && slices.ContainsFunc(tls.Values, func(v string) bool { return strings.HasSuffix(v, "finished") })
		}
	}
	return false
}

// Difference is a field that two captures do not share.
type Difference struct {
	Aspect
	Got  []string `json:"got"` // nil: it is not there at all
	Want []string `json:"want"`
	// Packets are where it is in the one and the other, 0 where it is not.
	GotPacket  int `json:"got_packet,omitempty"`
	WantPacket int `json:"want_packet,omitempty"`
}

// String is one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: got %s, want %s", d.Name(), told(d.Got), told(d.Want))
}

func told(values []string) string {
	switch {
	case values == nil:
		return "nothing of it"
	case len(values) == 0:
		return "nothing"
	}
	return strings.Join(values, ", ")
}

// Compare lays got beside want, where want is a capture that may have been taken at
// one place only: what nobody could see there is not asked of got.
func Compare(got, want Signature) (all []Difference, same int) {
	ours, theirs := index(got), index(want)
	for _, w := range want {
		g, ok := ours[w.Aspect]
		switch {
		case !ok:
			all = append(all, Difference{Aspect: w.Aspect, Want: w.Values, WantPacket: w.Packet})
		case !slices.Equal(g.Values, w.Values):
			all = append(all, Difference{Aspect: w.Aspect, Got: g.Values, Want: w.Values, GotPacket: g.Packet, WantPacket: w.Packet})
		default:
			same++
		}
	}
	for _, g := range got {
		if _, ok := theirs[g.Aspect]; !ok && want.has(g.Who) {
			all = append(all, Difference{Aspect: g.Aspect, Got: g.Values, GotPacket: g.Packet})
		}
	}
	return all, same
}

// has says whether anything of somebody is in a signature.
func (s Signature) has(who string) bool {
	return slices.ContainsFunc(s, func(f Field) bool { return f.Who == who })
}

func index(s Signature) map[Aspect]Field {
	m := make(map[Aspect]Field, len(s))
	for _, f := range s {
		m[f.Aspect] = f
	}
	return m
}
