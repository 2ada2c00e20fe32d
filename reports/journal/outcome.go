package journal

import (
	"fmt"
	"slices"
)

// Stage is how far a client came. The stages have an order; see Stages.
type Stage string

// The stages of a client step, in order.
const (
	StageResolve    Stage = "resolve"
	StageDiscover   Stage = "discover"
	StageConnect    Stage = "connect"
	StageTLS        Stage = "tls"
	StageRevocation Stage = "revocation"
	StageRegister   Stage = "register"
	StageProvision  Stage = "provision"
	StageRelay      Stage = "relay"
	StageConference Stage = "conference"
	StageMedia      Stage = "media"
	StageDone       Stage = "done"
)

// Stages lists every stage in order.
var Stages = []Stage{
	StageResolve, StageDiscover, StageConnect, StageTLS, StageRevocation, StageRegister,
	StageProvision, StageRelay, StageConference, StageMedia, StageDone,
}

// Rank is the stage's place in Stages, or -1 for a word that is no stage.
func (s Stage) Rank() int { return slices.Index(Stages, s) }

// Result is how a client step ended.
type Result string

// The results of a client step.
const (
	OK       Result = "ok"
	Refused  Result = "refused"  // somebody else said no
	Aborted  Result = "aborted"  // the client hung up
	Timeout  Result = "timeout"  // nobody answered in time
	Degraded Result = "degraded" // done, but not all of it: joined without audio
)

// Results lists every result.
var Results = []Result{OK, Refused, Aborted, Timeout, Degraded}

// Media values of an Outcome: how audio travels.
const (
	MediaNone     = "none"
	MediaTCPRelay = "tcp-relay"
	MediaUDPRelay = "udp-relay"
)

// Outcome is what one client step ended in: what the person at the client saw.
type Outcome struct {
	Stage  Stage  `json:"stage"`
	Result Result `json:"result"`
	// Code is stable: an HRESULT symbol (CRYPT_E_NO_REVOCATION_CHECK), "alert_"
	// and a TLS alert's name, "http_403", "sip_503", an exception id
	// (policy_denied), "msturn_401", "reset", "closed". Empty when Result is OK.
	Code string `json:"code"`
	// Text is what a user might have read; a label, never a claim about the
	// vendor's words.
	Text string `json:"text"`
	// Media is set by a join: tcp-relay, udp-relay or none.
	Media string `json:"media,omitempty"`
	// VirtualMS is how long the step took on the scenario's clock, milliseconds.
	VirtualMS int64 `json:"virtual_ms"`
}

// String is the outcome as one line: "revocation aborted CRYPT_E_REVOKED".
func (o Outcome) String() string {
	s := fmt.Sprintf("%s %s", o.Stage, o.Result)
	if o.Code != "" {
		s += " " + o.Code
	}
	if o.Media != "" {
		s += ", media " + o.Media
	}
	return s
}
