package cpl

import "strings"

// Keyrings that every appliance has. Modelled: the names are recalled.
func builtinKeyrings() []string {
	return []string{"default", "configuration-passwords-key", "appliance-key"}
}

// exceptionRows are the built-in exceptions of a real SGOS 5.3 and those of
// later texts; user-defined ones are user-defined.NAME.
func exceptionRows() []Entry {
	rows := make([]Entry, 0, 64)
	for line := range strings.SplitSeq(exceptionText, "\n") {
		name, doc, _ := strings.Cut(line, " ")
		rows = append(rows, row(KindException, name, documented, doc))
	}
	rows = append(rows, row(KindException, "user-defined", documented, "an exception of the administrator's own").free("NAME"))
	return append(rows, row(KindException, "user_defined", documented3, "old spelling of user-defined.NAME").free("NAME").instead("user-defined"))
}

const exceptionText = `all the root of the built-in exceptions: no id of its own
user-defined.all the root of the administrator's exceptions: no id of its own
auth the root of the forms of authentication: no id of its own
authentication_failed credentials were wrong or missing
authentication_failed_password_expired the password has expired
authentication_form the form that asks for credentials
authentication_log_out the page after logging out
authentication_mode_not_supported the client cannot authenticate in this way
authentication_redirect_from_virtual_host sends the client back after authentication
authentication_redirect_off_box sends the client to another host for authentication
authentication_redirect_to_virtual_host sends the client to the host that authenticates
authentication_success authentication went well
authorization_failed the user is known but may not do this
bad_credentials the credentials could not be read
client_failure_limit_exceeded the client failed too often
configuration_error the appliance is not set up for this
connect_method_denied CONNECT to this port or for this protocol is not permitted
content_encoding_error the content's encoding is broken
content_filter_denied the category of the content is not permitted
content_filter_unavailable the category could not be found out
dns_server_failure the name server failed
dns_unresolved_hostname the host has no address
dynamic_bypass_reload asks the client to load the page again, past the appliance
gateway_error the next proxy did not answer
icap_communication_error the scanner could not be reached
icap_error the scanner failed
internal_error something inside the appliance failed
invalid_auth_form the form for authentication is broken
invalid_request the request is malformed
invalid_response the response is malformed
license_exceeded more users than the licence allows
license_expired the licence has run out
method_denied the method is not permitted
new_pin_form the form that asks for a new PIN
not_implemented the appliance cannot do this
notify a page the user has to see first
notify_missing_cookie the user's browser did not send back the cookie of a page
policy_denied policy refuses
policy_redirect policy sends the client elsewhere
query_form the form that asks a question
radius_splash_page a page of the RADIUS session
redirected_stored_requests_not_supported a stored request cannot be redirected
refresh asks the client to load the page again
server_request_limit_exceeded too many requests wait for the server
silent_denied policy refuses without a word
spoof_authentication_error credentials for the origin could not be made
ssl_client_cert_expired the client's certificate has expired
ssl_client_cert_ocsp_check_failed OCSP for the client's certificate failed
ssl_client_cert_ocsp_status_unknown OCSP does not know the client's certificate
ssl_client_cert_revoked the client's certificate is revoked
ssl_client_cert_untrusted_issuer the client's certificate has an untrusted issuer
ssl_domain_invalid the name in the origin's certificate does not fit
ssl_failed TLS with the origin failed
ssl_server_cert_expired the origin's certificate has expired
ssl_server_cert_ocsp_check_failed OCSP for the origin's certificate failed
ssl_server_cert_ocsp_status_unknown OCSP does not know the origin's certificate
ssl_server_cert_revoked the origin's certificate is revoked
ssl_server_cert_untrusted_issuer the origin's certificate has an untrusted issuer
tcp_error the origin could not be reached
transformation_error a transformer failed
unsupported_encoding the content's encoding is not supported
unsupported_protocol the protocol is not supported
virus_detected the scanner found a virus`

// substitutionRows are the $(...) that real exception pages use. Fields of the
// access log and names of conditions work as well.
func substitutionRows() []Entry {
	var rows []Entry
	add := func(mark Mark, names string) {
		for name := range strings.FieldsSeq(names) {
			rows = append(rows, row(KindSubstitution, name, mark, "the transaction's "+name))
		}
	}
	add(documented, `appliance.identifier client.address crlf cs-categories cs-realm cs-username empty exception.company_name
		exception.contact exception.details exception.help exception.id exception.last_error exception.reason exception.summary
		icap_error_details method quot redirect.location sc-auth-status server_connection.socket_errno ssl_failure_reason url.host
		url.port x-auth-challenge-string x-auth-private-challenge-state x-cs-auth-form-action-url x-cs-auth-form-domain-field
		x-cs-auth-request-id x-cs-ocsp-error x-radius-splash-session-id x-radius-splash-username x-rs-ocsp-error x-virus-details
		x-virus-id`)
	add(documented3, "url cs-ip proxy.address cs-bodylength")
	return append(rows,
		row(KindSubstitution, "N", documented, "what group N of the pattern found, 1 to 32"),
		row(KindSubstitution, "request.x_header", documented3, "a request header").free("NAME"),
		row(KindSubstitution, "response.x_header", documented3, "a response header").free("NAME"),
		row(KindSubstitution, "request.header", documented3, "a request header").free("NAME"),
		row(KindSubstitution, "response.header", documented3, "a response header").free("NAME"))
}
