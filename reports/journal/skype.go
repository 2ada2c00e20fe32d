package journal

import "fmt"

// SIPSent: a SIP message left the actor, or (Received) reached it.
type SIPSent struct {
	Received bool
	Line     string // "REGISTER sip:contoso.test" or "401 Unauthorized"
	Note     string // "NTLM challenge", ms-diagnostics, ...
}

func (SIPSent) Kind() string { return "SIPSent" }
func (e SIPSent) String() string {
	s := "sent SIP "
	if e.Received {
		s = "received SIP "
	}
	s += e.Line
	if e.Note != "" {
		s += " (" + e.Note + ")"
	}
	return s
}

// TURNSent: an MS-TURN or TURN message left the actor, or (Received) reached it.
type TURNSent struct {
	Received bool
	Message  string // "Allocate request", "pseudo-TLS hello"
	Note     string // "error 401"
}

func (TURNSent) Kind() string { return "TURNSent" }
func (e TURNSent) String() string {
	s := "sent "
	if e.Received {
		s = "received "
	}
	s += e.Message
	if e.Note != "" {
		s += " (" + e.Note + ")"
	}
	return s
}

// MediaFlowed: audio was sent through a path and came back, or not.
type MediaFlowed struct {
	Path     string // "tcp-relay", "udp-relay", "none"
	Sent     int    // packets
	Received int    // packets
	// Protected: it was SRTP.
	Protected bool `json:",omitempty"`
	// Lost is how many packets on their way to the actor did not come, JitterMS how
	// unevenly the others did, in milliseconds. LostThere is what the other side says
	// did not come there.
	Lost      int `json:",omitempty"`
	JitterMS  int `json:",omitempty"`
	LostThere int `json:",omitempty"`
	// OneWay says in which direction nothing came through, where that is known:
	// "not heard".
	OneWay string `json:",omitempty"`
}

func (MediaFlowed) Kind() string { return "MediaFlowed" }
func (e MediaFlowed) String() string {
	s := fmt.Sprintf("media over %s: %d packets sent, %d came back", e.Path, e.Sent, e.Received)
	if e.Protected {
		s += ", SRTP"
	}
	if e.LostThere > 0 {
		s += fmt.Sprintf(", %d lost on the way there", e.LostThere)
	}
	if e.Lost > 0 {
		s += fmt.Sprintf(", %d lost on the way back", e.Lost)
	}
	if e.JitterMS > 0 {
		s += fmt.Sprintf(", jitter %d ms", e.JitterMS)
	}
	if e.OneWay != "" {
		s += ", one way: " + e.OneWay
	}
	return s
}

// StageReached: the client began a stage of its step.
type StageReached struct{ Stage Stage }

func (StageReached) Kind() string     { return "StageReached" }
func (e StageReached) String() string { return "stage " + string(e.Stage) }

// StepEnded: the client's step ended.
type StepEnded struct {
	Step    string // "sign in"
	Outcome Outcome
}

func (StepEnded) Kind() string     { return "StepEnded" }
func (e StepEnded) String() string { return e.Step + ": " + e.Outcome.String() }
