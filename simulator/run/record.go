package run

import (
	"bytes"
	"net/netip"
	"sync"
	"time"

	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world"
)

// Recording is what travelled in one rehearsal, and when what was done.
type Recording struct {
	Scenario *scenario.Scenario
	Report   *reports.Scenario
	Packets  []world.Packet
	Lookups  []world.Lookup
	Full     bool   // the tape ended before the rehearsal
	Secrets  []byte // of TLS, in the format of SSLKEYLOGFILE
	Hosts    []Machine
	// Began is when the rehearsal began on the clock of the packets; the scenario's
	// own said Scenario.Start then.
	Began time.Time
	Steps []Span
	// Log is all that was recorded; unlike in a step's evidence, a flow has another
	// name beyond the interceptor.
	Log journal.Log
}

// Machine is a host with its first address.
type Machine struct {
	Name string
	Addr netip.Addr
}

// Span is when a step was taken.
type Span struct {
	Step     int // index into Report.Steps
	From, To time.Duration
	Addr     netip.Addr // of the client; invalid for other steps
}

// secrets keep the key log of all TLS connections, once they are on.
type secrets struct {
	mu   sync.Mutex
	on   bool
	text []byte
}

// Write implements io.Writer.
func (s *secrets) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on {
		s.text = append(s.text, line...)
	}
	return len(line), nil
}

// record has everything recorded from now on, in a world that can be.
func (r *rehearsal) record() {
	memory, ok := any(r.world).(*world.Memory)
	if !ok {
		return
	}
	r.tape, r.hosted = new(world.Tape), memory.Hosts()
	memory.Record(r.tape)
	r.secrets.mu.Lock()
	defer r.secrets.mu.Unlock()
	r.secrets.on = true
}

// recording is what was recorded so far.
func (r *rehearsal) recording(report *reports.Scenario, steps []played) *Recording {
	rec := &Recording{
		Scenario: r.scenario, Report: report, Packets: r.tape.Packets(), Lookups: r.tape.Lookups(), Full: r.tape.Full(),
		Began: r.began, Log: r.log.Log(),
	}
	r.secrets.mu.Lock()
	rec.Secrets = bytes.Clone(r.secrets.text)
	r.secrets.mu.Unlock()
	for _, h := range r.hosted {
		rec.Hosts = append(rec.Hosts, Machine{h.Name(), h.Addr()})
	}
	clients := map[string]netip.Addr{}
	for addr, name := range r.addrs {
		clients[name] = addr
	}
	for i, p := range steps {
		rec.Steps = append(rec.Steps, Span{Step: i, From: p.from, To: p.to, Addr: clients[p.step.Actor]})
	}
	return rec
}
