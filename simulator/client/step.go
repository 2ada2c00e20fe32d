package client

import "rehearse/reports/journal"

// Step is something that a person does with a client. The steps are the types of
// this file.
type Step interface {
	// Name is the step as a scenario file writes it: "sign in".
	Name() string
	// failed begins the text of an outcome that is not ok, done is the text of
	// one that is.
	failed() string
	done() string
	// take walks through the step's stages; see outcome for what it gives.
	take(*walk) end
}

// end is what the stages of a step come to. A nil stop is success.
type end struct {
	stop  *stop
	media string // of a join
	text  string // replaces Step.done
}

// SignIn finds the SIP server, registers and subscribes. A client that is signed
// in already signs out first.
type SignIn struct{}

// SignOut leaves the meeting, if any, ends the registration and hangs up.
type SignOut struct{}

// Status asks whether the client is signed in: it refreshes the registration. A
// client that lost its connection reports how its next attempt to get back ended.
type Status struct{}

// Join goes to a meeting with audio, signing in before if need be.
type Join struct {
	// Meeting is a focus URI "sip:organizer@domain;gruu;opaque=app:conf:focus:id:ID",
	// the same with "conf:" before it, an https meeting page, or a bare meeting id
	// of a meeting organised by the client's user.
	Meeting string
}

// Leave ends the meeting.
type Leave struct{}

// Browse gets a page, http or https. Redirects are answers, they are not followed.
//
// Its stages are resolve, connect, tls, revocation and done. What comes inside
// the connection counts as done: a page with a status under 400 is ok, any other
// is refused with the exception id that the page shows, "policy_denied", or
// "http_" and the status.
type Browse struct{ URL string }

// Verify makes a TLS connection to Server ("host:port"), judges the certificate
// as the profile does, and hangs up.
type Verify struct{ Server string }

// Connect opens a connection to Target ("host:port") and speaks one protocol just
// far enough to know that the other end speaks it too. See Speaks.
type Connect struct {
	Target string
	Speak  string
}

func (SignIn) Name() string   { return "sign in" }
func (SignIn) failed() string { return "Cannot sign in" }
func (SignIn) done() string   { return "Signed in" }

func (SignOut) Name() string   { return "sign out" }
func (SignOut) failed() string { return "Signed out, but not in good order" }
func (SignOut) done() string   { return "Signed out" }

func (Status) Name() string   { return "status" }
func (Status) failed() string { return "Not signed in" }
func (Status) done() string   { return "Still signed in" }

func (Join) Name() string   { return "join" }
func (Join) failed() string { return "Cannot join the meeting" }
func (Join) done() string   { return "In the meeting, with audio" }

func (Leave) Name() string   { return "leave" }
func (Leave) failed() string { return "Cannot leave the meeting in good order" }
func (Leave) done() string   { return "Left the meeting" }

func (Browse) Name() string   { return "browse" }
func (Browse) failed() string { return "Cannot show the page" }
func (Browse) done() string   { return "Page shown" }

func (Verify) Name() string   { return "verify" }
func (Verify) failed() string { return "Server refused" }
func (Verify) done() string   { return "Server accepted" }

func (Connect) Name() string   { return "connect" }
func (Connect) failed() string { return "Cannot connect" }
func (Connect) done() string   { return "Connected" }

// outcome puts what a step came to into words.
func outcome(s Step, e end) journal.Outcome {
	out := journal.Outcome{Stage: journal.StageDone, Result: journal.OK, Text: s.done(), Media: e.media}
	if e.text != "" {
		out.Text = e.text
	}
	if e.stop == nil {
		return out
	}
	out.Stage, out.Result, out.Code = e.stop.stage, e.stop.result, e.stop.code
	lead := s.failed()
	if e.stop.result == journal.Degraded {
		lead = "In the meeting, without audio"
	}
	out.Text = lead + ": " + e.stop.words()
	return out
}
