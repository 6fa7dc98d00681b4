"""Words that may begin a sentence although nothing of the kind is known: they name nobody and nothing."""

SENTENCE_OPENERS: tuple[str, ...] = tuple(
    """
    A About Above According Actually Additionally After Again Agreed All Allow Almost Along Already Also Although Always
    Among An And Another Any Anyone Anything Apart Apologies Are As Ask Assuming At
    Based Be Because Before Below Besides Between Both Bring But By
    Call Can Certainly Check Clearly Come Compared Concerning Congratulations Consider Considering Could Currently
    Depending Despite Did Do Does Don't Due During
    Each Earlier Either Enclosed Enjoy Ensure Even Every Everyone Everything Except
    Feel Few Finally Find First Following For Fortunately From Further Furthermore
    Get Give Given Go Good Great
    Had Has Have Having He Her Here Hers His Hopefully How However
    If Importantly In Including Indeed Initially Instead Is It Its
    Join Just
    Keep Kindly
    Last Later Leave Less Let Lastly Like Likewise Looking Luckily
    Make Many Maybe Meanwhile Might More Moreover Most Much Must My
    Naturally Nearly Neither Never Nevertheless Next No Nobody None Nonetheless Nor Not Note Nothing Now
    Obviously Of Officials Often Ok On Once One Only Or Other Others Otherwise Our Ours Over Overall Owing
    People Perhaps Please Possibly Previously Prior Probably Provided
    Quite
    Rather Recently Regarding Remember Reply Residents
    See Send Several Shall She Should Similarly Simply Since So Some Someone Something Sometimes Soon Sorry Still Such
    Take Talk Tell Thank Thanks That The Their Theirs Them Then There Therefore These They This Those Though Through
    Throughout Thus To Today Together Too Toward Towards
    Ultimately Under Unfortunately Unless Until Unlike Upon Us Use Using Usually
    Very Via
    Was We Welcome Well Were What Whatever When Whenever Where Whether Which While Who Whose Why With Within Without
    Workers Would
    Yes Yet You Your Yours
    """.split()
)
