package space

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/policy/flow"
)

// obstacle is why there is no flow of some classes.
type obstacle struct {
	axes []int // whose classes do not go together
	// natural says that no flow at all has them.
	natural bool
	why     string
}

// ordinary are the classes of an ordinary flow of a shape.
func (x *explorer) ordinary(shape flow.Shape) []int {
	usual := make([]int, len(x.s.axes))
	for _, name := range x.s.names {
		switch f := x.s.fields[name].(type) {
		case *numberField:
			if f.main >= 0 {
				usual[f.main] = f.classify(usualNumber(name, shape, f))
			}
		case *addressField:
			usual[f.main] = f.classify(f.ordinary[0])
		case *textField:
			c, mine := f.seen(f.main, usualText(name, shape, f))
			switch {
			case f.main < 0:
			case f.many && f.lacking:
				usual[f.main] = x.s.axes[f.main].lack
			case mine && !f.many:
				usual[f.main] = c
			}
		case *calendarField:
			usual[f.main] = 0
		}
	}
	return usual
}

func usualNumber(name string, shape flow.Shape, f *numberField) uint64 {
	switch {
	case name == "proxy.port":
		return uint64(shape.Service.Port)
	case name == "url.port" && shape.Speaks == flow.HTTP && !shape.Connect:
		return 80
	case len(f.ordinary) > 0:
		return f.ordinary[0]
	}
	return f.low
}

func usualText(name string, shape flow.Shape, f *textField) string {
	switch name {
	case "service.name":
		return shape.Service.Name
	case "service.group":
		return shape.Service.Group
	case "url.query":
		return ""
	}
	return f.ordinary
}

// maker makes one flow of chosen classes.
type maker struct {
	x     *explorer
	shape flow.Shape
	a     assignment
	f     *flow.Flow
	stop  *obstacle
}

// make makes a flow of a shape with the chosen classes.
func (x *explorer) make(shape flow.Shape, a assignment) (*flow.Flow, *obstacle) {
	m := &maker{x: x, shape: shape, a: a, f: &flow.Flow{
		Service: shape.Service, Connect: shape.Connect, Speaks: shape.Speaks, Inside: shape.Inside,
		Method: "GET", Path: "/", Status: 200,
	}}
	for _, part := range []func(){m.client, m.destination, m.request, m.user, m.origin, m.others} {
		if part(); m.stop != nil {
			return nil, m.stop
		}
	}
	return m.f, nil
}

// refuse says that the classes on some axes make no flow.
func (m *maker) refuse(why string, natural bool, axes ...int) {
	if m.stop == nil {
		axes = slices.DeleteFunc(slices.Clone(axes), func(axis int) bool { return axis < 0 })
		m.stop = &obstacle{axes, natural, why}
	}
}

func (m *maker) texts(name string) (*textField, bool) {
	f, ok := m.x.s.fields[name].(*textField)
	return f, ok
}

// text is a text of the chosen classes; usual where policy does not ask.
func (m *maker) text(name, usual string) string {
	f, ok := m.texts(name)
	if !ok {
		return usual
	}
	if f.main < 0 || f.values[m.a[f.main]].kind == otherText && m.plain(f) {
		if f.meets(m.a, usual) {
			return usual
		}
	}
	text, there := f.value(m.a)
	if there && !f.meets(m.a, text) {
		m.refuse("texts that nothing was found for: "+name, f.conflict(m.a), f.axes()...)
	}
	return text
}

// plain says that no test of a field's text is to pass.
func (m *maker) plain(f *textField) bool {
	return !slices.ContainsFunc(f.extras, func(axis int) bool { return axis >= 0 && m.a[axis] == 1 })
}

// axes are the axes of a field.
func (f *textField) axes() []int {
	return append([]int{f.main}, slices.DeleteFunc(slices.Clone(f.extras), func(axis int) bool { return axis < 0 })...)
}

// conflict says whether tests that are to pass exclude each other.
func (f *textField) conflict(a assignment) bool { return conflict(f.tests, f.extras, a) }

func conflict(tests []textTest, extras []int, a assignment) bool {
	var chosen []textTest
	for i, t := range tests {
		if extras[i] >= 0 && a[extras[i]] == 1 {
			chosen = append(chosen, t)
		}
	}
	for i, t := range chosen {
		if slices.ContainsFunc(chosen[i+1:], t.excludes) {
			return true
		}
	}
	return false
}

func (m *maker) client() {
	f := m.f
	f.Client = m.address("client.address", flow.UsualClient())
	f.Proxy = m.address("proxy.address", netip.MustParseAddr(ordinaryProxy))
	f.Service.Name = m.text("service.name", f.Service.Name)
	f.Service.Group = m.text("service.group", f.Service.Group)
	if port, ok := m.x.s.fields["proxy.port"].(*numberField); ok {
		usual := uint64(f.Service.Port)
		if port.main < 0 || port.values[m.a[port.main]].has(usual) {
			f.Service.Port = uint16(usual)
		} else if n, ok := port.value(m.a); ok {
			f.Service.Port = uint16(n)
		}
	}
	day, minute := 0, 0
	if c, ok := m.x.s.fields["day"].(*calendarField); ok {
		day = c.value(m.a)
	} else {
		day = int(ordinaryDay().Unix() / (24 * 3600))
	}
	minute = 10 * 60
	if c, ok := m.x.s.fields["time of day"].(*calendarField); ok {
		minute = c.value(m.a)
	}
	f.Time = time.Unix(int64(day)*24*3600+int64(minute)*60, 0).UTC()
}

func (m *maker) address(name string, usual netip.Addr) netip.Addr {
	if f, ok := m.x.s.fields[name].(*addressField); ok {
		return f.value(m.a)
	}
	return usual
}

// destination is the host, its port, its address and its categories.
func (m *maker) destination() {
	f, host := m.f, m.x.host
	name, ok := host.value(m.a)
	if !ok {
		axes := append([]int{host.main}, slices.DeleteFunc(slices.Clone(host.extras), func(axis int) bool { return axis < 0 })...)
		m.refuse("hosts that no name or address was found for", conflict(host.tests, host.extras, m.a), axes...)
	}
	f.Host = name
	f.Address = m.x.resolved.value(m.a)
	if literal, ok := addressOf(name); ok {
		f.Address = literal
	} else if !f.Address.IsValid() && f.Transparent() {
		m.refuse("", true, host.main, m.x.resolved.main) // the client has resolved it
	}
	f.Port = 443
	if !f.Connect && m.shape.Speaks == flow.HTTP {
		f.Port = 80
	}
	if port, ok := m.x.s.fields["url.port"].(*numberField); ok && !port.has(m.a, uint64(f.Port)) {
		n, _ := port.value(m.a)
		f.Port = uint16(n)
	}
	f.NoSNI = m.a[m.x.s.fields["SNI"].(*kindField).main] == 1
	if labels, ok := m.texts("category"); ok {
		f.Categories, _ = labels.list(m.a)
		if labels.main >= 0 && labels.values[m.a[labels.main]].kind == noText {
			f.Categories = nil
		} else if !labels.listMeets(m.a, f.Categories) {
			m.refuse("categories that nothing was found for", false, labels.axes()...)
		}
	}
}

// has says whether a number is in the chosen class.
func (f *numberField) has(a assignment, n uint64) bool {
	return f.main < 0 || a[f.main] < len(f.values) && f.values[a[f.main]].has(n)
}

func (m *maker) user() {
	u, ok := m.x.s.fields["user"].(*userField)
	if !ok {
		return
	}
	name, meets := u.value(m.a)
	if !meets {
		m.refuse("users that no name was found for", false, append([]int{u.main}, u.texts.axes()...)...)
	}
	if name == "" {
		return
	}
	m.f.User = proxy.Identity{User: name, Realm: m.text("realm", "corp")}
	if groups, ok := m.texts("group"); ok {
		m.f.User.Groups, _ = groups.list(m.a)
		if !groups.listMeets(m.a, m.f.User.Groups) {
			m.refuse("groups that nothing was found for", false, groups.axes()...)
		}
	}
}

// others are values of conditions that no flow has by itself.
func (m *maker) others() {
	tests := map[string][]string{}
	for _, name := range m.x.s.names {
		f, ok := m.x.s.fields[name].(*flagField)
		rest, other := strings.CutPrefix(name, "other value ")
		if !ok || !other {
			continue
		}
		if m.f.Other == nil {
			m.f.Other = map[string][]string{}
		}
		base, _, _ := strings.Cut(rest, " ")
		tests[base] = append(tests[base], f.tests...)
		if spans := f.spans(); spans != nil {
			n, ok := f.number(spans, m.a)
			if !ok {
				m.refuse("", true, f.axes...) // no number is in just these ranges
			}
			m.f.Other[base] = append(m.f.Other[base], strconv.FormatUint(n, 10))
			continue
		}
		for _, t := range f.chosen(m.a) {
			m.f.Other[base] = append(m.f.Other[base], valueOf(t))
		}
	}
	for base, list := range tests {
		if len(m.f.Other[base]) == 0 {
			m.f.Other[base] = []string{noneOf(list)}
		}
	}
}

// valueOf is a value that a pattern fits.
func valueOf(text string) string {
	if r, ok := parseSpan(text); ok && strings.Contains(text, "..") {
		return strconv.FormatUint(r.low, 10)
	}
	return text
}

// noneOf is a value that no pattern of some fits.
func noneOf(tests []string) string {
	for _, t := range tests {
		switch strings.ToLower(t) {
		case "yes", "true", "on":
			return "no"
		case "no", "false", "off":
			return "yes"
		}
	}
	return "none of these"
}
