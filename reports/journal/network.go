package journal

import (
	"fmt"
	"strings"
)

// NameResolved: a look-up ended. Err is empty when it gave addresses.
type NameResolved struct {
	Name  string   // the name, or service name for SRV
	Type  string   // "A" or "SRV"
	Addrs []string // addresses, or "host:port" for SRV
	Err   string   // "NXDOMAIN", "timed out"
}

func (NameResolved) Kind() string { return "NameResolved" }
func (e NameResolved) String() string {
	if e.Err != "" {
		return fmt.Sprintf("look-up %s %s: %s", e.Type, e.Name, e.Err)
	}
	return fmt.Sprintf("look-up %s %s: %s", e.Type, e.Name, strings.Join(e.Addrs, ", "))
}

// Connected: a TCP connection was made (Err empty) or not.
type Connected struct {
	To  string // "host:port" as asked for
	Via string // the explicit proxy's address, "" when direct
	Err string
}

func (Connected) Kind() string { return "Connected" }
func (e Connected) String() string {
	s := "connect to " + e.To
	if e.Via != "" {
		s += " at proxy " + e.Via
	}
	if e.Err != "" {
		s += ": " + e.Err
	}
	return s
}

// ConnectAnswered: an explicit proxy answered a CONNECT.
type ConnectAnswered struct {
	Target string
	Status int
	Reason string
}

func (ConnectAnswered) Kind() string { return "ConnectAnswered" }
func (e ConnectAnswered) String() string {
	return fmt.Sprintf("CONNECT %s: %d %s", e.Target, e.Status, e.Reason)
}

// Closed: a side ended the flow and the other side saw it.
type Closed struct {
	By    string // who closed: "client", "appliance", "server"
	How   string // "FIN", "RST"
	After string // the last message before it: "Certificate", "Finished", "REGISTER"
}

func (Closed) Kind() string { return "Closed" }
func (e Closed) String() string {
	s := fmt.Sprintf("%s by %s", e.How, e.By)
	if e.After != "" {
		s += " after " + e.After
	}
	return s
}

// CaptureLost: these bytes of a connection are not in the capture. Captures have it,
// rehearsals do not.
type CaptureLost struct{ Client, Server int64 }

func (CaptureLost) Kind() string { return "CaptureLost" }
func (e CaptureLost) String() string {
	return fmt.Sprintf("not captured: %d bytes of the client, %d bytes of the server", e.Client, e.Server)
}

// HTTPExchanged: a request was answered, or failed (Err).
type HTTPExchanged struct {
	Method string
	URL    string
	Status int
	Err    string
}

func (HTTPExchanged) Kind() string { return "HTTPExchanged" }
func (e HTTPExchanged) String() string {
	if e.Err != "" {
		return fmt.Sprintf("%s %s: %s", e.Method, e.URL, e.Err)
	}
	return fmt.Sprintf("%s %s: %d", e.Method, e.URL, e.Status)
}

// UpstreamOpened: the interceptor connected to an origin, or could not (Err).
type UpstreamOpened struct {
	To  string // "host:port"
	Leg string // the interceptor's own address: the flow's name as the origin sees it
	Err string // exception id
}

func (UpstreamOpened) Kind() string { return "UpstreamOpened" }
func (e UpstreamOpened) String() string {
	if e.Err != "" {
		return fmt.Sprintf("connection to origin %s failed: %s", e.To, e.Err)
	}
	return "connected to origin " + e.To
}

// BytesReceived: an answer came that is none in the protocol spoken; these are
// its first bytes.
type BytesReceived struct {
	Hex string // "15 03 01 00 02 02 28", at most 64 bytes
}

func (BytesReceived) Kind() string     { return "BytesReceived" }
func (e BytesReceived) String() string { return "received bytes " + e.Hex }
