package story

import (
	"fmt"
	"time"

	"rehearse/pcaps/flow"
	"rehearse/reports/journal"
)

// maxEvents is how many events a Summary holds.
const maxEvents = 1 << 20

// scene is what the reader of a flow writes its events to. Who is who may show late,
// so they are kept by side until the flow's end.
type scene struct {
	*reading
	flow   *flow.Flow
	events []event
}

type event struct {
	side flow.Side
	at   flow.Moment
	body journal.Body
}

// note keeps an event of a side, if events are wanted.
func (s *scene) note(side flow.Side, at flow.Moment, body journal.Body) {
	if !s.wanted {
		return
	}
	if len(s.events) >= maxItems || s.noted >= maxEvents {
		s.EventsCut = true
		return
	}
	s.noted++
	s.events = append(s.events, event{side, at, body})
}

// stray notes bytes that are none of the protocol spoken; side is who receives them.
func (s *scene) stray(side flow.Side, at flow.Moment, b []byte) {
	const most = 64
	s.note(side, at, journal.BytesReceived{Hex: fmt.Sprintf("% x", b[:min(len(b), most)])})
}

// mediaSeen notes media of a path at its end, if there was any.
func (s *scene) mediaSeen(path string, packets [2]int) {
	if c := client(s.flow); packets[0]+packets[1] > 0 {
		s.note(c, s.flow.Last, journal.MediaFlowed{Path: path, Sent: packets[c], Received: packets[c.Other()]})
	}
}

// record writes a flow's events to the log: how it began, what its readers noted,
// how it ended. after is the last message before the end.
func (r *reading) record(f *flow.Flow, events []event, after string) {
	if !r.wanted {
		return
	}
	client, _ := f.Client()
	if f.Transport == flow.TCP && f.Begun[client] {
		r.write(f, event{client, f.First, connected(f, events)})
	}
	for _, e := range events {
		r.write(f, e)
	}
	if f.Lost[0]+f.Lost[1] > 0 {
		r.write(f, event{client, f.Last, journal.CaptureLost{Client: f.Lost[client], Server: f.Lost[client.Other()]}})
	}
	for _, e := range f.Endings {
		by := "server"
		if f.IsClient(e.Side) {
			by = "client"
		}
		r.write(f, event{e.Side, e.Moment, journal.Closed{By: by, How: e.String(), After: after}})
	}
}

// connected is how the connection began: with a proxy's, where one is asked for a
// CONNECT.
func connected(f *flow.Flow, events []event) journal.Connected {
	c := journal.Connected{To: f.ServerEnd().String(), Err: unanswered(f)}
	for _, e := range events {
		if a, ok := e.body.(journal.ConnectAnswered); ok {
			c.To, c.Via = a.Target, c.To
			break
		}
	}
	return c
}

// OneSided is in a Connected event's Err where nothing of the server's side was
// captured, though the client goes on as if it had answered.
const OneSided = "only one side was captured"

// unanswered says how a SYN failed, "" where it did not.
func unanswered(f *flow.Flow) string {
	server := client(f).Other()
	switch {
	case f.Packets[server] == 0 && f.Bytes[server.Other()] > 0:
		return OneSided
	case f.Packets[server] == 0 && f.Bytes[server.Other()] == 0 && len(f.Complaints) > 0:
		return f.Complaints[0]
	case f.Packets[server] == 0 && f.Bytes[server.Other()] == 0:
		return "no answer"
	case !f.Begun[server] && len(f.Endings) > 0 && f.Endings[0].Reset && f.Endings[0].Side == server:
		return "connection refused"
	}
	return ""
}

func (r *reading) write(f *flow.Flow, e event) {
	if len(r.Events) >= maxEvents {
		r.EventsCut = true
		return
	}
	actor := f.Ends[e.side].IP().String()
	if f.Ends[0].Addr == f.Ends[1].Addr { // both on one host
		actor = f.Ends[e.side].String()
	}
	r.Events = append(r.Events, journal.Event{
		At: time.Duration(e.at.At - r.began), Flow: f.ClientEnd().String(), Peer: f.ServerEnd().String(), Actor: actor, Body: e.body, Packet: e.at.Packet,
	})
}
