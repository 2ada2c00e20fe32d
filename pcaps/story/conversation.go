package story

import (
	"cmp"
	"slices"
	"strings"

	"rehearse/pcaps/flow"
)

// protocol reads one protocol as two sides speak it. It is flow.Reader in small.
type protocol interface {
	data(s flow.Side, at flow.Moment, b []byte)
	gap(s flow.Side, at flow.Moment, n int64)
	// done is called once, at the end; how the sides ended stands in the flow.
	done()
	// story is one line about how it went, "" for nothing worth telling.
	story() string
}

// conversation is the reader of one TCP stream: what is spoken on top, and what
// inside of it.
type conversation struct {
	*scene
	top   *stream
	inner []*stream // all others, from the outside in
}

// OpenTCP implements flow.Opener.
func (r *reading) OpenTCP(f *flow.Flow) flow.Reader {
	c := &conversation{scene: &scene{reading: r, flow: f}}
	c.top = &stream{c: c, seen: &r.Seen}
	return c
}

// maxInner is how deep protocols may lie in one another.
const maxInner = 4

// tunnel begins a stream inside of another, which writes what it sees to seen; nil
// where it lies too deep.
func (c *conversation) tunnel(seen *Seen) *stream {
	if len(c.inner) >= maxInner {
		return nil
	}
	s := &stream{c: c, seen: seen}
	c.inner = append(c.inner, s)
	return s
}

// Data implements flow.Reader.
func (c *conversation) Data(s flow.Side, at flow.Moment, b []byte) { c.top.data(s, at, b) }

// Gap implements flow.Reader.
func (c *conversation) Gap(s flow.Side, at flow.Moment, n int64) { c.top.gap(s, at, n) }

// Ended implements flow.Reader. The endings stand in the flow.
func (c *conversation) Ended(flow.Side, flow.Moment, bool) {}

// Done implements flow.Reader.
func (c *conversation) Done() {
	for _, s := range c.streams() {
		if s.proto != nil {
			s.proto.done()
		}
	}
}

func (c *conversation) streams() []*stream { return append([]*stream{c.top}, c.inner...) }

// told is the protocol's name and the story.
func (c *conversation) told() (name, story string) {
	var names, stories []string
	for _, s := range c.streams() {
		if s.proto == nil {
			continue
		}
		names = append(names, s.name)
		if line := s.proto.story(); line != "" {
			stories = append(stories, line)
		}
	}
	return strings.Join(names, "+"), strings.Join(stories, "; ")
}

// Closed implements flow.Opener.
func (r *reading) Closed(f *flow.Flow, reader any) {
	switch told := reader.(type) {
	case *conversation:
		r.record(f, told.events, told.after())
	case *datagrams:
		r.record(f, told.events, "")
	default:
		r.record(f, nil, "")
	}
	if len(r.Flows) >= maxFlows {
		r.Untold++
		return
	}
	client, by := f.Client()
	server := client.Other()
	out := &Flow{
		Transport: f.Transport.String(), Number: f.Number,
		Client: f.Ends[client].String(), Server: f.Ends[server].String(), DirectionBy: directionBy(by),
		ServerName: r.names[f.Ends[server].IP()],
		Packets:    f.Packets[0] + f.Packets[1],
		BytesC2S:   f.Bytes[client], BytesS2C: f.Bytes[server], LostC2S: f.Lost[client], LostS2C: f.Lost[server],
		FirstPacket: f.First.Packet, LastPacket: f.Last.Packet,
		Start: seconds(f.First.At - r.began), Duration: seconds(f.Last.At - f.First.At),
	}
	if t, ok := reader.(interface{ told() (string, string) }); ok {
		out.Protocol, out.Story = t.told()
	}
	if f.Transport == flow.TCP {
		out.Story = join(out.Story, ending(f))
	}
	if len(f.Complaints) > 0 {
		out.Story = join(out.Story, "ICMP: "+strings.Join(f.Complaints, ", "))
	}
	r.Flows = append(r.Flows, out)
}

// after is the last message of the innermost protocol that knows it.
func (c *conversation) after() string {
	all := c.streams()
	for _, s := range slices.Backward(all) {
		if p, ok := s.proto.(interface{ lastWord() string }); ok && p.lastWord() != "" {
			return p.lastWord()
		}
	}
	return ""
}

func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, "; ")
}

// ending says how a TCP stream ended, or that it never began.
func ending(f *flow.Flow) string {
	if len(f.Endings) == 0 {
		if f.Begun[client(f)] && f.Packets[client(f).Other()] == 0 && f.Bytes[client(f)] == 0 {
			return "SYN without an answer"
		}
		return ""
	}
	e := f.Endings[0]
	who := "server"
	if f.IsClient(e.Side) {
		who = "client"
	}
	if e.Reset && f.Bytes[0]+f.Bytes[1] == 0 && who == "server" {
		return "refused with RST"
	}
	return e.String() + " by " + who
}

func directionBy(by flow.Evidence) string {
	return [...]string{"guess", "server_hello", "client_hello", "synack", "syn"}[by]
}

// sort puts lists that flows wrote at their ends into the order of the file.
func (r *reading) sort() {
	slices.SortStableFunc(r.Flows, func(a, b *Flow) int {
		return cmp.Or(cmp.Compare(a.FirstPacket, b.FirstPacket), cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Number, b.Number))
	})
	r.Seen.sort()
	if r.Decrypted != nil {
		r.Decrypted.sort()
	}
}

func client(f *flow.Flow) flow.Side {
	s, _ := f.Client()
	return s
}
