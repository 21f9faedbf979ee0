"""Sentences that the lower layers say in English, so that the panel can say them in Chinese.

They come as finished text: `Translator.sentence` finds the one that fits, with its values.
"""


def N_(text: str) -> str:
    """Mark a text that is translated where it is shown."""
    return text


SENTENCES = (
    # Why the link is down, and what to do (asterisk/ami/faults.py).
    N_("Asterisk cannot be reached at {address} ({why})."),
    N_(
        "Check that Asterisk runs, that manager.conf has enabled=yes with this port and bindaddr, "
        "and that the settings host and port are right."
    ),
    N_("What answers at {address} is not Asterisk's manager interface."),
    N_("Set the setting port to the port of manager.conf (5038 unless changed there)."),
    N_(
        "Asterisk does not allow {action} ({message}): give user [{name}] in manager.conf "
        "write = call,originate,reporting."
    ),
    N_("Asterisk refused {action}: {message}"),
    N_("Asterisk refused the login of AMI user {name} ({why})."),
    N_(
        "Set the settings username and secret to those of a user in manager.conf: [{name}] must exist "
        "there, its secret must be the same, and its permit line must allow this machine. "
        "Login is tried again by itself."
    ),
    N_("Asterisk accepted the login but did not say within {n} s that it is fully booted."),
    N_(
        "If Asterisk is up, user [{name}] in manager.conf may lack rights: "
        "it needs read = system,call,user,reporting."
    ),
    N_("Asterisk is shutting down."),
    N_("Start Asterisk again; the link comes back by itself."),
    N_("Asterisk did not answer a ping within {n} s."),
    N_("Check the network to the Asterisk machine and its load; the link is tried again by itself."),
    N_("The connection to Asterisk was lost ({why})."),
    N_("The connection to Asterisk was lost."),
    N_(
        "Check that Asterisk runs and the network to it; the link is tried again by itself. "
        "If this happens under load, raise writetimeout of the user in manager.conf to 5000 or more."
    ),
    N_("More than {n} call events wait to be handled: the link was reset and all calls are settled anew."),
    N_("Look for a slow database or an overloaded machine; set the event filter in manager.conf."),
    N_("Asterisk sent a message longer than {n} bytes."),
    N_("Check that nothing but Asterisk answers at this port; the link is tried again by itself."),
    # What settling saw (dialer/calling/settling.py).
    N_("the telephone system's log cannot be read"),
    N_("both parties are connected"),
    N_("the customer is being dialled"),
    N_("the agent waits and the customer was not dialled"),
    N_("the gate was granted and is still closed"),
    N_("the gate was never opened"),
    N_("the log shows that the customer was dialled and did not answer"),
    N_("the log shows no leg to the customer"),
    N_("the log shows the whole talk"),
    N_("the log shows the answer and no end: the telephone system stopped during the talk"),
    # Why an answer or a form is refused (dialer/forms).
    N_("the questionnaire {playbook} has no question {question}"),
    N_("the text is longer than {n} characters: shorten it"),
    N_("{value} is no answer to {question}: choose one of {choices}"),
    N_("questions without an answer: {questions}"),
    N_("say when the customer is to be called again"),
    N_("this call is not yours: open your own call's page"),
    N_("the form of this call is closed"),
    N_("the call is still going on: save the result after it has ended"),
    N_("save the result of this call first"),
)
