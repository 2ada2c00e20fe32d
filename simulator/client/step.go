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

func (Browse) Name() string   { return "browse" }
func (Browse) failed() string { return "Cannot show the page" }
func (Browse) done() string   { return "Page shown" }

func (Verify) Name() string   { return "verify" }
func (Verify) failed() string { return "Server refused" }
func (Verify) done() string   { return "Server accepted" }

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
