"""Sentences that the lower layers say in English, so that the panel can say them in Chinese.

They come as finished text: `Translator.sentence` finds the one that fits, with its values.
"""


def N_(text: str) -> str:
    """Mark a text that is translated where it is shown."""
    return text


SENTENCES = (
    # Why a recording was set aside (qa/speech), and why there is no package (qa/examiner).
    N_(
        "Transcribing {path} was not done after {n} s, and its worker was ended. Check that its disk "
        "answers; a machine so slow needs a smaller model, or a longer time (setting: deadline_factor)."
    ),
    N_(
        "Transcribing {path} ended the worker process again and again. Check that the file is sound, "
        "and that the machine has about 1 GB of memory free for each worker (setting: workers)."
    ),
    N_(
        "{path} cannot be read as audio ({error}). Check that the recording was copied completely. "
        "(read on {node})"
    ),
    N_("{path} cannot be read as audio ({error}). Check that the recording was copied completely."),
    N_("{path} cannot be read as audio ({error}). Look at the file where Asterisk left it."),
    N_("{path} cannot be read as audio ({error})."),
    N_("{file} cannot be written: {why}. Make room or name another place."),
    N_("nothing was issued under this number or in this time: look at it again"),
    # How our own Asterisk is (dialer/app/private_asterisk.py, asterisk/server.py).
    N_("It runs again."),
    N_("Asterisk ended while starting. It said: {tail}"),
    N_("Asterisk was not ready within {n} s: see {console} and {messages}."),
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
    N_("Another service has this telephone system."),
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
    # Where an agent may sit, and when he may be ready (dialer/agents/service.py).
    N_("You have no phone of your own: choose the phone at the desk where you sit."),
    N_("Extension {extension} is not known here: choose another, or ask the administrator to add it."),
    N_(
        "{name} works at extension {extension} now: choose another phone, "
        "or ask your supervisor to end that work."
    ),
    N_(
        "The phone at extension {extension} is not registered, so no call can reach you. "
        "Check that it is on and its network cable is in; then press Ready again."
    ),
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
    N_("the log shows that the customer answered, and no agent"),
    N_("the answer was seen, and the log has a hole"),
    N_("the telephone system's log has a hole: a person must say how the call ended"),
    N_("settling it fails: give the log to the administrator"),
    # Why a person does not settle a call (dialer/calling/by_hand.py).
    N_("write down how you know it: it is kept with your name"),
    N_("this call is not in doubt any more: load the page again"),
    N_("this call may still be going on: wait until the telephone system can be asked"),
    # Why an answer or a form is refused (dialer/forms).
    N_("the questionnaire {playbook} has no question {question}"),
    N_("the text is longer than {n} characters: shorten it"),
    N_("{value} is no answer to {question}: choose one of {choices}"),
    N_("questions without an answer: {questions}"),
    N_("say when the customer is to be called again"),
    N_("this call has no question {question}"),
    N_("the answer to {question} names a choice twice: {value}"),
    N_("the answer to {question} must rank all {n} choices"),
    N_("{value} is no date for {question}: type it as 2026-11-24"),
    N_("{value} is no amount for {question}: type yuan as 120 or 120.50"),
    N_("{value} is no number for {question}: type digits only"),
    N_("ask the customer for the last {n} characters of the document"),
    N_("the identity check failed: choose another result than completed"),
    N_("there is no identity check in this call"),
    N_("the identity was checked {n} times: end the call politely"),
    N_("say by when the reply was promised"),
    N_("say what reply was promised"),
    N_("this call does not ask for {name}"),
    N_("type what is missing, then save it"),
    N_("this task has no form: say how it was done"),
    N_("say what proves it: who was met, the number of the letter, the file"),
    N_("this call is not yours: open your own call's page"),
    N_("the form of this call is closed"),
    N_("the call is still going on: save the result after it has ended"),
    N_("save the result of this call first"),
    # Why a file or a row cannot be taken in (dialer/importing, dialer/customers/rules.py).
    N_("the customer's name is empty"),
    N_("the phone number is empty"),
    N_("{value} is not a phone number: 7 to 12 digits are needed"),
    N_("{value} has lost its last digits in a spreadsheet: make the column text and export it again"),
    N_("{value} is not a number plate such as 豫A12345 or 豫AD12345"),
    N_("{value} is not a date and time such as 2026-11-21 16:30"),
    N_("{value} can be read in two ways: write the year first, as 2026-11-21"),
    N_("{value} is not an amount of money"),
    N_("{value} is not a number"),
    N_("{value} is neither yes nor no: write 是 or 否"),
    N_("{value} is not a span of hours such as 18:00-20:00"),
    N_("{value} holds a character that is damaged in the file"),
    N_("a quotation mark is not closed: add or remove one"),
    N_("the order number is longer than {n} characters"),
    N_("the customer's name is longer than {n} characters"),
    N_("the branch is longer than {n} characters"),
    N_("the unit is longer than {n} characters"),
    N_("the person asked to be forgotten: not taken in"),
    N_("{file}: no headings are known; the first line has: {there}. Say which column is what with a mapping"),
    N_("{file}: its headings do not tell what kind it is; say which of {kinds}. The headings are: {there}"),
    N_("{file}: no column {columns}; the headings are: {there}"),
    N_("{file} is not text: export it as CSV in GBK or UTF-8, or as XLSX"),
    N_(
        "{file} cannot be read as {form}: it is damaged or has a password. Open it in a spreadsheet, "
        "save it again as XLSX or CSV, and import that"
    ),
    N_("{file} is too large when it is unpacked: export it as CSV"),
    N_("{file} is not whole XML after row {n}: {error}. Export it again, or as XLSX or CSV"),
    N_("{file} has a tag that never ends: export it again, or as XLSX"),
    N_("the import was broken off: import the file again, and it goes on from there"),
    N_("{file} is no table: send one of {suffixes}"),
    N_("{file} is empty"),
    N_("{file} is larger than {n} MB: send it in parts"),
    # Reviews, appeals, draws, corrected words (qa/reviews, qa/corrections).
    N_("This review is done, or somebody else works at it: take the next one."),
    N_("This review was saved in another tab or by another person: load it anew."),
    N_("Only who works at a review submits it: open it first."),
    N_("Nobody reviews his own calls, nor a call twice: take another one."),
    N_("A clip has a beginning before its end, and goes to the agent or to training."),
    N_("Only the agent of a call appeals against its review."),
    N_("There was an appeal against this review already, or it is not done."),
    N_("An appeal was possible until {time}."),
    N_("Name what the appeal is about, and say why."),
    N_("No appeal waits for a decision here."),
    N_("Who reviewed the call, or spoke in it, does not decide the appeal."),
    N_("Say why it is decided so: the agent reads it."),
    N_("A granted appeal changes a verdict or points: say which."),
    N_("This review says nothing of {rule}."),
    N_("Somebody else has decided it meanwhile."),
    N_("The calls of {day} were drawn already: see the sample of that day."),
    N_("No call of {day} was answered: there is nothing to draw from."),
    N_("The day {day} is not over: draw from it once no call can be added."),
    N_("The second look at {day} was drawn already."),
    N_("Nothing was reviewed on {day}, so there is nothing to look at again."),
    N_("The call {call} was not answered: there is nothing to listen to."),
    N_("The call {call} waits to be reviewed already."),
    N_("The call {call} was reviewed already by {name}."),
    N_("The call {call} was set aside today: it cannot be reviewed."),
    N_("This is a call of your own: somebody else reviews it."),
    N_("This is a call of your own: somebody else sets it aside."),
    N_("Say why this call cannot be reviewed."),
    N_("This review is done already: it cannot be set aside."),
    N_("This review is done already: it cannot be given to another person."),
    N_("Nobody reviews his own calls, nor a call twice: choose another person."),
    N_("A verdict given blind stands: what one thinks later is kept beside it."),
    N_("Say what the training was about, in at most {n} characters."),
    N_("Say who held the training."),
    N_("A training is noted once it was held: {day} lies ahead."),
    N_("A training takes 1 to {n} minutes."),
    N_("Choose the agents who were there."),
    N_("There is no call {call}: take it from the list of cases."),
    N_("You are not on the list of this training, or have confirmed it already."),
    N_("Give what was said, in at most {n} characters."),
    N_("There is no such word any more: load the page again."),
)
