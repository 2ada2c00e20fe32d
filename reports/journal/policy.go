package journal

import "fmt"

// Detected: the interceptor's loop over the first bytes of a flow ended.
type Detected struct {
	Leg      string // "outer": bytes as they come from the client; "inner": after decryption
	Protocol string // "ssl", "http", "sips", "ms-turn", "turn", "unknown"
	End      string // why the loop stopped: "yes", "none left", "limit", "deadline", "closed"
}

func (Detected) Kind() string { return "Detected" }
func (e Detected) String() string {
	return fmt.Sprintf("detected %s protocol %s (%s)", e.Leg, e.Protocol, e.End)
}

// RuleMatched: a rule decided, in one layer, at one checkpoint.
type RuleMatched struct {
	Layer string // "<Proxy \"label\">"
	At    string // "file.cpl:12"
	Rule  string // the rule as the trace prints it
	Point string // checkpoint: "request", "hello", "server certificate", ...
}

func (RuleMatched) Kind() string { return "RuleMatched" }
func (e RuleMatched) String() string {
	return fmt.Sprintf("rule %s %s: %s", e.At, e.Layer, e.Rule)
}

// Decided: what policy (with the defaults) came to for a transaction.
type Decided struct {
	Transaction string // "http.proxy", "ssl.intercept", ...
	Decision    string // "allow", "deny policy_denied", "ssl.forward_proxy(https)", ...
	Rule        string // "file.cpl:12" of the deciding rule, "" for a default
}

func (Decided) Kind() string { return "Decided" }
func (e Decided) String() string {
	by := "by default"
	if e.Rule != "" {
		by = "by " + e.Rule
	}
	return fmt.Sprintf("%s: %s %s", e.Transaction, e.Decision, by)
}

// ExceptionSent: the interceptor answered in the origin's place, or closed.
type ExceptionSent struct {
	ID     string // "policy_denied"
	Status int    // HTTP status, 0 where nothing could be sent
	Where  string // "to CONNECT", "inside TLS", "to request", "close", "reset"
}

func (ExceptionSent) Kind() string { return "ExceptionSent" }
func (e ExceptionSent) String() string {
	if e.Status == 0 {
		return fmt.Sprintf("exception %s: %s", e.ID, e.Where)
	}
	return fmt.Sprintf("exception %s %d %s", e.ID, e.Status, e.Where)
}

// FlowHandled: how the interceptor carried a flow to its end.
type FlowHandled struct {
	// How is "tunnel" (bytes untouched), "relay" (bytes after decryption),
	// "http" (requests parsed) or "refuse".
	How      string
	Protocol string // final client.protocol value
	Upstream string // "host:port"
}

func (FlowHandled) Kind() string { return "FlowHandled" }
func (e FlowHandled) String() string {
	return fmt.Sprintf("%s %s to %s", e.How, e.Protocol, e.Upstream)
}

// ApplianceChanged: an administrator's step took effect.
type ApplianceChanged struct{ What string }

func (ApplianceChanged) Kind() string     { return "ApplianceChanged" }
func (e ApplianceChanged) String() string { return "appliance: " + e.What }

// ActionDone: an action of a define action block was carried out.
type ActionDone struct {
	Call string // "set request.header.X-Client", "redirect to https://..."
	At   string // "file.cpl:12"
}

func (ActionDone) Kind() string     { return "ActionDone" }
func (e ActionDone) String() string { return "action " + e.At + ": " + e.Call }

// TraceWritten: the transaction has ended and policy asked for its trace
// (trace.request).
type TraceWritten struct {
	ID          int    // transaction ID
	Transaction string // "http.proxy", "ssl.intercept", ...
	Destination string // of trace.destination: "default.trace.html"
}

func (TraceWritten) Kind() string { return "TraceWritten" }
func (e TraceWritten) String() string {
	return fmt.Sprintf("trace of transaction %d (%s) written to %s", e.ID, e.Transaction, e.Destination)
}
