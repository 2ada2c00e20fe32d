package server

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// The faults of servers. Faults explains them.
const (
	serverStatus         = "status"
	serverSlow           = "slow"
	serverSilent         = "silent"
	serverCloses         = "close"
	tlsAlert             = "alert"
	tlsCutRecord         = "cut_record"
	certificateRevoked   = "certificate_revoked"
	certificateExpired   = "certificate_expired"
	certificateName      = "certificate_wrong_name"
	certificateUntrusted = "certificate_untrusted"
	certificateBare      = "certificate_no_pointers"
	edgeAlternate        = "alternate_server"
	edgeFull             = "edge_full"
	mediaOneWay          = "one_way"
)

// The values of "one_way".
const (
	deaf = "deaf" // the server does not hear the client
	mute = "mute" // the client does not hear the server
)

// Fault is something wrong with a server, until lifted.
type Fault struct {
	// Server is a server's name (SIP, Web, ...) or its host's.
	Server string
	// Kind is the name of a row of Faults.
	Kind string
	// Value is what the row's Value says, else empty.
	Value string
	// Delay is for "slow".
	Delay time.Duration
}

// FaultKind is a row of Faults.
type FaultKind struct {
	Name    string
	Servers []string // that can have it; nil is all
	Value   string   // what Fault.Value is for; empty where it is not used
	Doc     string   // one line for people
	check   func(value string) error
}

// Faults is the table of faults, in the order in which they are listed.
func Faults() []FaultKind {
	tls := []string{SIP, Web, Meet, TURN}
	requests := append([]string{SIP, Web, Meet, Status, MCU}, services()...)
	return []FaultKind{
		{serverStatus, requests, `a status and, for SIP, perhaps ms-diagnostics: "503", "504 1010 reason", "301 host:port"`,
			"requests are answered with this status", checkStatus},
		{serverSlow, append([]string{Edge}, requests...), "", "every answer comes late by the delay", nil},
		{serverSilent, nil, "", "connections and requests are accepted, nothing is ever said", nil},
		{serverCloses, []string{SIP, Web, Meet, Edge, TURN, Status}, "", "connections are closed at once, with FIN", nil},
		{tlsAlert, tls, "the alert's number: 40", "the client's hello is answered with a fatal TLS alert", checkAlert},
		{tlsCutRecord, tls, "", "the connection ends inside the server's first TLS record", nil},
		{certificateRevoked, tls, "", "the server's certificate is revoked", nil},
		{certificateExpired, tls, "", "the server's certificate ended yesterday", nil},
		{certificateName, tls, "", "the server's certificate is for another name", nil},
		{certificateUntrusted, tls, "", "the server's certificate is from a root that nobody trusts", nil},
		{certificateBare, tls, "", "the server's certificate has no revocation pointers", nil},
		{edgeAlternate, []string{Edge}, "the address to go to: 52.112.0.14:443", "allocations are refused with 300 and that Alternate Server", checkAddress},
		{edgeFull, []string{Edge}, "", "allocations are refused with 486", nil},
		{mediaOneWay, []string{MCU}, "deaf: the server does not hear the client; or mute: it is not heard",
			"audio goes one way only, connectivity checks both ways", checkOneWay},
	}
}

// services are those of the front end that can fail by themselves.
func services() []string { return []string{MRAS, Provisioning, Focus} }

func checkStatus(value string) error {
	code, _, _ := strings.Cut(value, " ")
	if n, err := strconv.Atoi(code); err != nil || n < 300 || n > 699 {
		return fmt.Errorf("value %q, want a status from 300 to 699 first", value)
	}
	return nil
}

func checkAlert(value string) error {
	if _, err := strconv.ParseUint(value, 10, 8); err != nil {
		return fmt.Errorf("value %q, want the number of a TLS alert, 0 to 255", value)
	}
	return nil
}

func checkOneWay(value string) error {
	if value != deaf && value != mute {
		return fmt.Errorf("value %q, want %s or %s", value, deaf, mute)
	}
	return nil
}

// Ways are those in which audio can fail to go, for "one_way".
func Ways() []string { return []string{deaf, mute} }

func checkAddress(value string) error {
	if _, err := netip.ParseAddrPort(value); err != nil {
		return fmt.Errorf("value %q, want an address and port", value)
	}
	return nil
}

// Check says what is wrong with a fault, and what is allowed.
func (f Fault) Check() error {
	k, err := f.kind()
	switch {
	case err != nil:
		return err
	case k.Value == "" && f.Value != "":
		return fmt.Errorf("server fault %q: value %q, want none", f.Kind, f.Value)
	case k.check == nil:
		return nil
	}
	if err := k.check(f.Value); err != nil {
		return fmt.Errorf("server fault %q: %w", f.Kind, err)
	}
	return nil
}

// kind is the fault's row.
func (f Fault) kind() (FaultKind, error) {
	var names []string
	for _, k := range Faults() {
		if k.Name == f.Kind {
			return k, nil
		}
		names = append(names, strconv.Quote(k.Name))
	}
	return FaultKind{}, fmt.Errorf("server fault %q, want one of %s", f.Kind, strings.Join(names, ", "))
}

// fits says whether a server can have the fault.
func (f Fault) fits(server string) error {
	k, err := f.kind()
	if err == nil && k.Servers != nil && !slices.Contains(k.Servers, server) {
		err = fmt.Errorf("server fault %q: not for %q, want one of %s", f.Kind, f.Server, strings.Join(k.Servers, ", "))
	}
	return err
}

// faults are those in force. The zero value is none.
type faults struct {
	mu  sync.Mutex
	all []*Fault
}

func (fs *faults) add(f Fault) (lift func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	p := &f
	fs.all = append(fs.all, p)
	return sync.OnceFunc(func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		fs.all = slices.DeleteFunc(fs.all, func(o *Fault) bool { return o == p })
	})
}

// find is the fault of one of these kinds that concerns a server, known by its
// name or its host's; the one imposed last counts.
func (fs *faults) find(server, host string, kinds ...string) (Fault, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range slices.Backward(fs.all) {
		if (f.Server == server || strings.EqualFold(f.Server, host)) && slices.Contains(kinds, f.Kind) {
			return *f, true
		}
	}
	return Fault{}, false
}

// spoil does to a connection just accepted what a fault demands, and says whether
// that was its end. Bytes that a fault keeps from being answered are read, so that
// the client's end of the connection shows in the journal.
func (c *core) spoil(server string, n *conn) bool {
	f, ok := c.faults.find(server, n.actor, serverSilent, serverCloses, tlsAlert, tlsCutRecord)
	if !ok {
		return false
	}
	switch f.Kind {
	case serverSilent:
		drain(n)
	case serverCloses:
		n.hangUp("")
	case tlsAlert:
		spoilByAlert(n, f.Value)
	case tlsCutRecord:
		spoilByCut(n)
	}
	return true
}

func drain(n *conn) {
	b := make([]byte, 4096)
	for {
		if _, err := n.Read(b); err != nil {
			return
		}
	}
}

// spoilByAlert answers the first bytes with a fatal alert.
func spoilByAlert(n *conn, value string) {
	b := make([]byte, 4096)
	if _, err := n.Read(b); err != nil {
		return
	}
	code, _ := strconv.ParseUint(value, 10, 8)
	if _, err := n.Write([]byte{21, 3, 3, 0, 2, 2, byte(code)}); err == nil {
		n.record(journal.AlertSent{Code: uint8(code), Name: tlshello.AlertName(uint8(code))})
	}
	n.hangUp("ClientHello")
}

// spoilByCut answers the first bytes with half of a record.
func spoilByCut(n *conn) {
	b := make([]byte, 4096)
	if _, err := n.Read(b); err != nil {
		return
	}
	const promised = 122 // what the record's header says will follow
	if _, err := n.Write(append([]byte{22, 3, 3, 0, promised, 2, 0, 0, promised - 4}, make([]byte, promised/2)...)); err != nil {
		return
	}
	n.hangUp("ClientHello")
}
